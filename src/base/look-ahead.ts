/** Chunks that were looked at, and those that follow. */
export interface SeenAhead {
  /** The bytes that were seen. */
  readonly found: number;
  /** All of the source, from its beginning. Whoever does not use it must close it with `return`. */
  readonly bytes: AsyncIterableIterator<Uint8Array> & { return(): Promise<IteratorResult<Uint8Array>> };
}

/** Takes chunks from `source` until there are `wanted` bytes, or it ends. */
export async function lookAhead(source: AsyncIterable<Uint8Array>, wanted: number): Promise<SeenAhead> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let found = 0;
  while (found < wanted) {
    const next = await iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
    found += next.value.byteLength;
  }
  const bytes: SeenAhead['bytes'] = {
    [Symbol.asyncIterator]: () => bytes,
    async next() {
      const value = taken.shift();
      return value === undefined ? iterator.next() : { value, done: false };
    },
    async return() {
      taken.length = 0;
      return (await iterator.return?.()) ?? { value: undefined, done: true };
    },
  };
  return { found, bytes };
}
