import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { formatTable } from '../src/cli/format.ts';
import { type Cost, median, medianCost, round } from './measure.ts';

/** One line of a benchmark's result. */
export interface BenchResult {
  readonly work: string;
  readonly peer: string;
  /** Median over the rounds of peer's wall time / ours: over 1 means that we are faster. */
  readonly ratio: number;
  /** The ratio that was asked for; null when none was. */
  readonly goal: number | null;
  readonly rounds: number;
  /** Medians of wall and CPU, peak of memory. */
  readonly ours: Cost;
  readonly theirs: Cost;
}

/** Pairs that were measured side by side: the ratio is taken within each round. */
export function compare(
  work: string,
  peer: string,
  goal: number | null,
  ours: readonly Cost[],
  theirs: readonly Cost[],
): BenchResult {
  const ratios = ours.map((own, at) => (theirs[at]?.wall_s ?? 0) / own.wall_s);
  return ratioResult(work, peer, goal, median(ratios), ours, theirs);
}

/** Sizes in bytes instead of times: over 1 means that ours is smaller. */
export function compareSizes(
  work: string,
  peer: string,
  goal: number | null,
  ours: number,
  theirs: number,
): BenchResult {
  const none: Cost = { wall_s: 0, cpu_s: 0, rss_mb: 0 };
  return { work, peer, ratio: round(theirs / ours), goal, rounds: 1, ours: none, theirs: none };
}

/** A ratio that was taken elsewhere. */
export const ratioResult = (
  work: string,
  peer: string,
  goal: number | null,
  ratio: number,
  ours: readonly Cost[],
  theirs: readonly Cost[],
): BenchResult => ({
  work,
  peer,
  ratio: round(ratio),
  goal,
  rounds: ours.length,
  ours: medianCost(ours),
  theirs: medianCost(theirs),
});

/** The highest memory over all of some work; over 1 means below the limit. */
export function memoryResult(of: string, megabytes: number, limit: number): BenchResult {
  const cost = (rss_mb: number): Cost => ({ wall_s: 0, cpu_s: 0, rss_mb });
  return {
    work: `memory, ${of}`,
    peer: `${limit} MB`,
    ratio: round(limit / megabytes),
    goal: 1,
    rounds: 1,
    ours: cost(megabytes),
    theirs: cost(limit),
  };
}

/** Prints the table and writes the JSON file, if one is wanted. */
export function report(
  results: readonly BenchResult[],
  versions: Readonly<Record<string, string>>,
  json: string | undefined,
): void {
  const cost = ({ wall_s, cpu_s, rss_mb }: Cost) => [wall_s.toFixed(2), cpu_s.toFixed(2), String(rss_mb)];
  process.stdout.write(
    `${formatTable(
      ['work', 'against', 'ratio', 'goal', 'ours s', 'CPU s', 'MB', 'theirs s', 'CPU s', 'MB'],
      results.map((result) => [
        result.work,
        result.peer,
        result.ratio.toFixed(2),
        result.goal === null ? '' : result.goal.toFixed(2),
        ...cost(result.ours),
        ...cost(result.theirs),
      ]),
    )}\n`,
  );
  if (json === undefined) return;
  const [cpu] = os.cpus();
  const machine = {
    cpu: cpu?.model ?? '',
    cores: os.cpus().length,
    memory_gb: Math.round(os.totalmem() / 1024 ** 3),
    kernel: os.release(),
  };
  writeFileSync(json, `${JSON.stringify({ machine, versions, results }, null, 2)}\n`);
  process.stdout.write(`Results are in ${json}\n`);
}
