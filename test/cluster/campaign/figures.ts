/** What a campaign has measured, in milliseconds. */
export interface Figures {
  /** From a fault to the last of its tasks running elsewhere, by fault. */
  readonly takeOver: Record<string, number[]>;
  /** From the request, at one instance, to the last task of the job ended on all. */
  readonly cancel: number[];
  /** From SIGTERM to the last of the tasks that were not finished running elsewhere. */
  readonly handOver: number[];
  /** From SIGTERM to the end of the process. */
  readonly drain: number[];
  /** From the moment that the store takes connections again to the next unit done. */
  readonly afterStore: number[];
  /** Jobs that had to start their data again under a new snapshot. */
  snapshotRestarts: number;
  jobs: number;
  /** Faults that found the job at work. */
  faults: number;
}

export const noFigures = (): Figures => ({
  takeOver: {},
  cancel: [],
  handOver: [],
  drain: [],
  afterStore: [],
  snapshotRestarts: 0,
  jobs: 0,
  faults: 0,
});

export function addTakeOver({ takeOver }: Figures, fault: string, ms: number | null): void {
  if (ms === null) return;
  takeOver[fault] = [...(takeOver[fault] ?? []), ms];
}

/** What was promised: the longest, in milliseconds. */
const promisedTakeOverMs = 15_000;
const promisedCancelMs = 1_000;

/** The figures in lines, with a verdict on what was promised. */
export function figureLines(figures: Figures): readonly string[] {
  // Where those who take over die too, it begins again.
  const all = Object.entries(figures.takeOver).flatMap(([fault, times]) =>
    fault === 'two of three' ? [] : times,
  );
  return [
    `${figures.jobs} jobs, ${figures.faults} faults at work, ${figures.snapshotRestarts} snapshot restarts`,
    figureLine('take-over', all, promisedTakeOverMs),
    ...Object.entries(figures.takeOver).map(([fault, times]) => figureLine(`  ${fault}`, times)),
    figureLine('cancel', figures.cancel, promisedCancelMs),
    figureLine('hand-over (SIGTERM to the tasks elsewhere)', figures.handOver),
    figureLine('drain (SIGTERM to the end of the process)', figures.drain),
    figureLine('store back to the next unit done', figures.afterStore),
  ];
}

function figureLine(name: string, times: readonly number[], promised?: number): string {
  if (times.length === 0) return `${name}: none`;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  const verdict =
    promised === undefined ? '' : ` (promised ${promised} ms: ${at(1) <= promised ? 'held' : 'NOT HELD'})`;
  return `${name}: n ${sorted.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms${verdict}`;
}
