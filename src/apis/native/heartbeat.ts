/**
 * The pieces of `source`, with `beat` between them whenever nothing came for `everyMs`. Letting go of it lets go of
 * the source.
 */
export async function* withHeartbeat(
  source: AsyncIterable<string>,
  options: { readonly everyMs: number; readonly beat: string },
): AsyncGenerator<string> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    while (true) {
      const piece = await within(next, options.everyMs);
      if (piece === 'quiet') {
        yield options.beat;
        continue;
      }
      if (piece.done === true) return;
      yield piece.value;
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'quiet'> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<'quiet'>((resolve) => {
    timer = setTimeout(resolve, ms, 'quiet');
  });
  try {
    return await Promise.race([promise, quiet]);
  } finally {
    clearTimeout(timer);
  }
}
