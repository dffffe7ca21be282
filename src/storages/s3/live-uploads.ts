/**
 * Uploads that this process has under way, so that a sweep spares them: what the server lists does not say who began an upload. Keys are
 * those of the server, with endpoint and bucket.
 */
const beginning = new Map<string, number>();
const underWay = new Set<string>();

/** Runs `begin`, which makes an upload of `key` at the server and resolves to its id; that id is live until `uploadEnded`. */
export async function beginLive(key: string, begin: () => Promise<string>): Promise<string> {
  beginning.set(key, (beginning.get(key) ?? 0) + 1);
  try {
    const id = await begin();
    underWay.add(nameOf(key, id));
    return id;
  } finally {
    const left = (beginning.get(key) ?? 1) - 1;
    if (left === 0) beginning.delete(key);
    else beginning.set(key, left);
  }
}

/** The upload is over, well or not: what is left of it can be swept. */
export const uploadEnded = (key: string, id: string): boolean => underWay.delete(nameOf(key, id));

/** Also while it begins: the server may list an upload before we have heard its id. */
export const isLive = (key: string, id: string): boolean =>
  beginning.has(key) || underWay.has(nameOf(key, id));

const nameOf = (key: string, id: string): string => JSON.stringify([key, id]);
