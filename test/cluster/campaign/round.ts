import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertNothingLeft,
  assertSetOnce,
  assertToldOnce,
  filesBelow,
} from '../../harness/cluster-checks.ts';
import type { ClusterInstance } from '../../harness/cluster-instance.ts';
import { sharedDirectory } from '../../harness/pumphouse-cluster.ts';
import type { Random } from '../../harness/random.ts';
import type { ServiceJob } from '../../harness/service-process.ts';
import { assertSameUnits } from '../../harness/unit-database.ts';
import { chooseFault, type Fault, faults } from './faults.ts';
import type { Figures } from './figures.ts';
import { exportBody, type Stage, sourceDatabase } from './stage.ts';

export const works = ['export', 'import', 'copy'] as const;
export type Work = (typeof works)[number];

export interface RoundPlan {
  readonly work: Work;
  readonly faults: readonly { readonly fault: Fault; readonly afterMs: number }[];
  /** After the faults it is cancelled, at any instance. */
  readonly cancel: boolean;
}

export interface RoundOutcome {
  readonly job: ServiceJob;
  readonly units: number;
  readonly seconds: number;
}

const mostFaults = 3;
const longestWaitMs = 4_000;
/** A copy has no files whose storage could be slow. */
const copyRate = 400_000;
const patienceMs = 10 * 60_000;

export function planRound(random: Random, work: Work): RoundPlan {
  return {
    work,
    faults: Array.from({ length: random.between(1, mostFaults) }, () => ({
      fault: chooseFault(random),
      afterMs: random.between(0, longestWaitMs),
    })),
    cancel: random.next() < 0.2,
  };
}

/**
 * Runs the plan and checks every promise; throws what does not hold.
 * @param set name of a good set, for imports
 */
export async function runRound(
  stage: Stage,
  plan: RoundPlan,
  set: string,
  random: Random,
  figures: Figures,
): Promise<RoundOutcome> {
  const { cluster, view } = stage;
  const started = performance.now();
  const target = await stage.target.server.createDatabase();
  await cluster.client.request('POST', '/api/v1/databases', { name: target, url: stage.target.url(target) });
  for (const { line } of [stage.source, stage.target])
    line.limit(plan.work === 'copy' ? copyRate : null, 'both');
  const { id } = await cluster.client.start(bodyOf(stage, plan.work, set, target));
  figures.jobs += 1;

  for (const { fault, afterMs } of plan.faults) {
    await sleep(afterMs);
    if ((await view.running(id)).length > 0) figures.faults += 1;
    await faults[fault]({ stage, jobId: id, random, figures });
  }
  await cluster.mend();
  if (plan.cancel) await cancelled(stage, id, random, figures);
  const job = await finish(stage, id);
  figures.snapshotRestarts += job.restarts > 0 ? 1 : 0;

  assert.deepEqual(stage.threads.violations, []);
  await assertNothingLeft(
    view,
    [stage.source.server, stage.target.server],
    [{ server: stage.target.server, database: target }],
  );
  let units = 0;
  if (job.state === 'completed') {
    assert.equal(job.error_count, 0, `errors of job ${id}`);
    await assertToldOnce(cluster.client, job);
    if (plan.work === 'export') {
      units = await assertSetOnce(cluster.dumps, job.name);
      await cluster.client.run({
        kind: 'verify',
        directory: sharedDirectory,
        file_pattern: job.name,
        threads: 4,
      });
    } else {
      units = job.progress.units_done;
      await assertSameUnits(
        { server: stage.source.server, database: sourceDatabase },
        { server: stage.target.server, database: target },
        stage.data,
      );
    }
  } else {
    assert.ok(
      plan.cancel && job.state === 'cancelled',
      `job ${id} ended ${job.state}: ${JSON.stringify(job.error)}`,
    );
    assert.deepEqual(await filesBelow(path.join(cluster.dumps, job.name)), [], 'files of a cancelled job');
  }
  if (plan.work === 'export') await rm(path.join(cluster.dumps, job.name), { recursive: true, force: true });
  await cluster.client.request('DELETE', `/api/v1/databases/${target}`);
  await stage.target.server.query('postgres', `DROP DATABASE ${target}`);
  return { job, units, seconds: (performance.now() - started) / 1000 };
}

function bodyOf(stage: Stage, work: Work, set: string, target: string): Readonly<Record<string, unknown>> {
  switch (work) {
    case 'export':
      return exportBody(stage);
    case 'import':
      return {
        kind: 'import',
        database: target,
        directory: sharedDirectory,
        file_pattern: set,
        threads: stage.jobThreads,
      };
    case 'copy':
      return { kind: 'copy', database: sourceDatabase, target, mode: 'full', threads: stage.jobThreads };
    default:
      return work satisfies never;
  }
}

/** Cancels at any instance and takes the time until no task runs any more, anywhere. */
export async function cancelled(
  { cluster, view }: Stage,
  id: string,
  random: Random,
  figures: Figures,
): Promise<void> {
  const instance = cluster.instances[random.between(0, cluster.instances.length - 1)] as ClusterInstance;
  const wasRunning = (await view.running(id)).length > 0;
  const since = performance.now();
  const answer = await cluster.client.ask(instance, 'POST', `/api/v1/jobs/${id}/cancel`);
  // The job may have ended before.
  if (!answer.ok) return;
  while ((await view.running(id)).some(({ kind }) => kind !== 'cleanup')) await sleep(5);
  if (wasRunning) figures.cancel.push(performance.now() - since);
}

/** Waits for the end; a job that rests otherwise than by its end or a cancel is lost. */
async function finish({ cluster }: Stage, id: string): Promise<ServiceJob> {
  const late = AbortSignal.timeout(patienceMs);
  for (;;) {
    const job = await cluster.client.job(id);
    if (['completed', 'cancelled', 'failed', 'stopped'].includes(job.state)) return job;
    assert.ok(!late.aborted, `job ${id} does not end: ${JSON.stringify(job)}`);
    await sleep(100);
  }
}
