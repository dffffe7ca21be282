/** An answer of the store holds for so long: several proxies may probe several times a second. */
const freshMs = 1000;
/** A store that is silent for so long does not answer. */
const patienceMs = 2000;

/**
 * Whether the store answers, for a probe: asked at most once at a time and once a second, and no for a silent one until it speaks again.
 * @param ask rejects when the store does not answer
 */
export function createStoreProbe(
  ask: () => Promise<unknown>,
  { now = () => performance.now(), silentMs = patienceMs } = {},
): () => Promise<boolean> {
  let answer: Promise<boolean> | null = null;
  let isAsking = false;
  let answeredAt = 0;

  async function asked(): Promise<boolean> {
    isAsking = true;
    try {
      await ask();
      return true;
    } catch {
      return false;
    } finally {
      isAsking = false;
      answeredAt = now();
    }
  }

  return async () => {
    if (answer === null || (!isAsking && now() - answeredAt >= freshMs)) answer = asked();
    if (!isAsking) return answer;
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, silentMs, false);
    });
    try {
      return await Promise.race([answer, silence]);
    } finally {
      clearTimeout(timer);
    }
  };
}
