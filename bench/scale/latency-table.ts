import { formatTable } from '../../src/cli/format.ts';

/** Milliseconds of one verb at one size of the store. */
export interface Timing {
  readonly verb: string;
  readonly store: string;
  readonly stock: string;
  readonly times: readonly number[];
}

/** Runs `work` so many times, one after the other. */
export async function timed(
  times: number,
  work: (at: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const since = performance.now();
    await work(at);
    taken.push(performance.now() - since);
  }
  return taken;
}

/** The value below which that share of the figures lies. */
export const percentile = (figures: readonly number[], share: number): number =>
  figures.toSorted((a, b) => a - b)[Math.min(figures.length - 1, Math.floor(figures.length * share))] ?? 0;

export function printTimings(timings: readonly Timing[]): void {
  const rows = timings.map(({ verb, store, stock, times }) => [
    verb,
    store,
    stock,
    percentile(times, 0.5).toFixed(2),
    percentile(times, 0.99).toFixed(2),
  ]);
  process.stdout.write(`${formatTable(['verb', 'store', 'stock', 'p50 ms', 'p99 ms'], rows)}\n`);
}
