import { readdirSync, readFileSync } from 'node:fs';

/** What one run cost. */
export interface Cost {
  readonly wall_s: number;
  /** CPU seconds of the whole machine: client, server and kernel together. */
  readonly cpu_s: number;
  /** Peak resident memory of the measured process and its children, sampled. */
  readonly rss_mb: number;
}

/** Clock ticks a second in /proc: fixed at 100 on Linux for user space. */
const ticksPerSecond = 100;
const sampleMs = 50;

/** Runs `work` and measures it; `pid` is the process whose memory counts, with everything below it. */
export async function measure(pid: () => number | null, work: () => Promise<void>): Promise<Cost> {
  const busyBefore = busySeconds();
  const started = performance.now();
  let peak = 0;
  const sample = () => {
    const root = pid();
    if (root !== null) peak = Math.max(peak, residentMegabytes(root));
  };
  const timer = setInterval(sample, sampleMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return {
    wall_s: round((performance.now() - started) / 1000),
    cpu_s: round(busySeconds() - busyBefore),
    rss_mb: Math.round(peak),
  };
}

/** Seconds that all processors were busy since the start of the machine. */
function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}

/** Resident memory of a process and its descendants. */
export function residentMegabytes(root: number): number {
  const parents = new Map<number, number>();
  const sizes = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      sizes.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // It ended between the listing and the look.
    }
  }
  const isBelow = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at))
      if (at === root) return true;
    return false;
  };
  return [...sizes].filter(([pid]) => isBelow(pid)).reduce((sum, [, size]) => sum + size, 0);
}

export const median = (figures: readonly number[]): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

export const medianCost = (costs: readonly Cost[]): Cost => ({
  wall_s: round(median(costs.map(({ wall_s }) => wall_s))),
  cpu_s: round(median(costs.map(({ cpu_s }) => cpu_s))),
  rss_mb: Math.round(Math.max(...costs.map(({ rss_mb }) => rss_mb))),
});

export const round = (figure: number): number => Math.round(figure * 100) / 100;
