import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterInstance } from '../../harness/cluster-instance.ts';
import type { Random } from '../../harness/random.ts';
import { followTakeOver } from '../../harness/take-over.ts';
import { addTakeOver, type Figures } from './figures.ts';
import type { Stage } from './stage.ts';

/** Where a fault strikes. */
export interface Strike {
  readonly stage: Stage;
  readonly jobId: string;
  readonly random: Random;
  readonly figures: Figures;
}

/** How long an instance is frozen or cut off: longer than others need to take its work over. */
const [leastAwayMs, mostAwayMs] = [16_000, 24_000];
/** The longest that the store is down. */
const mostDownMs = 4_000;
const patienceMs = 120_000;

/** What can happen. Each resolves when what was hit works again. */
export const faults = {
  kill: (strike: Strike) => killed(strike, 'kill'),
  freeze: (strike: Strike) => away(strike, 'freeze', frozen),
  cut: (strike: Strike) =>
    away(strike, 'cut', (instance) => {
      instance.cut();
      return () => instance.heal();
    }),
  reset: async (strike: Strike) => {
    const since = performance.now();
    someInstance(strike).line.reset();
    await takenOver(strike, 'reset', since);
  },
  // Who takes over may be the next to die.
  'kill and freeze': async (strike: Strike) => {
    const later = sleep(strike.random.between(0, 3_000));
    await Promise.all([
      away(strike, 'two of three', frozen),
      later.then(() => killed(strike, 'two of three')),
    ]);
  },
  'kill all': async (strike: Strike) => {
    const { instances } = strike.stage.cluster;
    const since = performance.now();
    await Promise.all(instances.map((instance) => instance.kill()));
    await Promise.all(instances.map((instance) => instance.start()));
    await takenOver(strike, 'kill all', since);
  },
  'store restart': (strike: Strike) => storeRestart(strike, 'fast'),
  'store crash': (strike: Strike) => storeRestart(strike, 'immediate'),
  'rolling restart': async (strike: Strike) => {
    const { stage, jobId, figures } = strike;
    for (const instance of stage.cluster.instances) {
      const since = performance.now();
      const drained = instance.drain().then(() => figures.drain.push(performance.now() - since));
      const { ms } = await followTakeOver(stage.view, jobId, since);
      if (ms !== null) figures.handOver.push(ms);
      await drained;
      await instance.start();
    }
  },
} as const satisfies Record<string, (strike: Strike) => Promise<void>>;

export type Fault = keyof typeof faults;

/** How often each is chosen. */
const weights: Readonly<Record<Fault, number>> = {
  kill: 6,
  freeze: 4,
  cut: 4,
  reset: 2,
  'kill and freeze': 1,
  'kill all': 1,
  'store restart': 2,
  'store crash': 2,
  'rolling restart': 3,
};

export function chooseFault(random: Random): Fault {
  const names = Object.keys(weights) as Fault[];
  let left = random.next() * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return 'kill';
}

function someInstance({ stage, random }: Strike): ClusterInstance {
  const up = stage.cluster.up();
  return up[random.between(0, up.length - 1)] as ClusterInstance;
}

async function takenOver(strike: Strike, fault: string, since: number): Promise<void> {
  const { ms } = await followTakeOver(strike.stage.view, strike.jobId, since);
  addTakeOver(strike.figures, fault, ms);
}

async function killed(strike: Strike, fault: string): Promise<void> {
  const instance = someInstance(strike);
  const since = performance.now();
  await instance.kill();
  await takenOver(strike, fault, since);
  await instance.start();
}

function frozen(instance: ClusterInstance): () => Promise<void> {
  instance.freeze();
  return () => Promise.resolve(instance.thaw());
}

async function away(
  strike: Strike,
  fault: string,
  begin: (instance: ClusterInstance) => () => Promise<void>,
): Promise<void> {
  const awayMs = strike.random.between(leastAwayMs, mostAwayMs);
  const instance = someInstance(strike);
  const since = performance.now();
  const end = begin(instance);
  await Promise.all([takenOver(strike, fault, since), sleep(awayMs)]);
  await end();
}

async function storeRestart(strike: Strike, mode: 'fast' | 'immediate'): Promise<void> {
  const { stage, jobId, random, figures } = strike;
  await stage.cluster.store.stop(mode);
  await sleep(random.between(0, mostDownMs));
  await stage.cluster.store.restart();
  const since = performance.now();
  const first = await unitsDone(stage, jobId);
  if (first === null) return;
  for (let now: number | null = first; now === first; now = await unitsDone(stage, jobId)) {
    if (performance.now() - since > patienceMs)
      throw new Error(`job ${jobId} stands still after the store is back`);
    await sleep(25);
  }
  figures.afterStore.push(performance.now() - since);
}

/** Null: the job rests. */
async function unitsDone({ view }: Stage, jobId: string): Promise<number | null> {
  const [job] = await view.rows<{ readonly units: number; readonly isOver: boolean }>(
    'SELECT units_done::int AS units, finished_at IS NOT NULL AS "isOver" FROM pumphouse.job WHERE id = $1',
    [jobId],
  );
  return job === undefined || job.isOver ? null : job.units;
}
