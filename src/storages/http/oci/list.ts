import { createPageTokens } from '../../blocks/page-tokens.ts';
import type { StoredFile } from '../../storage.ts';
import type { WebClient } from '../../web/client.ts';
import { type OciBucket, withQuery } from './bucket.ts';
import { ociRefusal } from './classify.ts';
import { isLive } from './upload.ts';

interface At {
  readonly client: WebClient;
  readonly bucket: OciBucket;
}

const pageNames = 1000;
const mostPageBytes = 16 * 1024 ** 2;

/** The objects whose name begins with `prefix`, page by page, in the storage's order: that of the bytes of their names. */
export async function* listObjects(at: At, prefix: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
  const { bucket } = at;
  const checkToken = createPageTokens(bucket.description);
  let start: string | null = null;
  do {
    if (start !== null) checkToken(start);
    const query: Record<string, string> = {
      prefix: bucket.prefix + prefix,
      fields: 'name,size',
      limit: String(pageNames),
      ...(start === null ? {} : { start }),
    };
    const { body } = await getJson(at, withQuery(bucket, 'o', query), signal);
    const page = body as {
      readonly objects?: readonly { readonly name: string; readonly size: number }[];
      readonly nextStartWith?: string | null;
    };
    for (const { name, size } of page.objects ?? []) {
      // A folder as the console makes it.
      if (!name.endsWith('/')) yield { name: name.slice(bucket.prefix.length), bytes: size };
    }
    start = page.nextStartWith ?? null;
  } while (start !== null);
}

/** Aborts the unfinished uploads below `prefix` that this process has not under way. */
export async function sweepUploads(at: At, prefix: string, signal: AbortSignal): Promise<void> {
  const { client, bucket } = at;
  const begin = bucket.prefix + prefix;
  for (const { object, uploadId } of await unfinishedUploads(at, signal)) {
    if (!object.startsWith(begin) || isLive(uploadId)) continue;
    const url = withQuery(bucket, `u/${object.split('/').map(encodeURIComponent).join('/')}`, { uploadId });
    const response = await client.send({ method: 'DELETE', url }, signal);
    // Somebody else may have ended it meanwhile.
    if (response.status < 300 || response.status === 404) response.discard();
    else throw await ociRefusal(response, 'sweep', bucket.description);
  }
}

/** All of the bucket: aborting changes the list that is being read. */
async function unfinishedUploads(
  at: At,
  signal: AbortSignal,
): Promise<readonly { readonly object: string; readonly uploadId: string }[]> {
  const found: { readonly object: string; readonly uploadId: string }[] = [];
  const checkToken = createPageTokens(at.bucket.description);
  let page: string | null = null;
  do {
    if (page !== null) checkToken(page);
    const query: Record<string, string> = {
      limit: String(pageNames),
      ...(page === null ? {} : { page }),
    };
    const { body, next } = await getJson(at, withQuery(at.bucket, 'u', query), signal);
    found.push(...(body as typeof found));
    page = next;
  } while (page !== null);
  return found;
}

async function getJson(
  { client, bucket }: At,
  url: URL,
  signal: AbortSignal,
): Promise<{ readonly body: unknown; readonly next: string | null }> {
  const response = await client.send({ method: 'GET', url }, signal);
  if (response.status !== 200) throw await ociRefusal(response, 'list', bucket.description);
  const next = response.headers['opc-next-page'];
  return {
    body: JSON.parse(await response.text(mostPageBytes)),
    next: typeof next === 'string' ? next : null,
  };
}
