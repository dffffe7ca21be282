/** A seeded generator: the same seed gives the same run. */
export interface Random {
  readonly seed: number;
  /** From 0 to 1, without 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
}

/** The seed of PUMPHOUSE_TEST_SEED, else a fresh one; the test prints it. */
export function createRandom(
  seed = Number(process.env.PUMPHOUSE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31)),
): Random {
  // Mulberry32: small, and good enough to choose moments.
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, between: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}
