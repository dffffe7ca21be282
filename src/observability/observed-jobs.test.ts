import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openJobsFixture, type Script } from '../../test/harness/jobs-fixture.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { ClaimedTask, JobStore, Lease, TaskSpec } from '../jobs/job-store.ts';
import type { HeldTicket, TicketedJobs } from '../jobs/tickets.ts';
import { createMetricRegistry } from './metrics.ts';
import { allListeners, createObservedJobs } from './observed-jobs.ts';
import type { EndedTask } from './task-listener.ts';
import { createTaskMetrics } from './task-metrics.ts';
import { timedVerbs } from './timed-verbs.ts';

const unit = (key: string): TaskSpec => ({
  key,
  kind: 'data',
  group: 'data:"s"."t"',
  waitsFor: [],
  payload: null,
  bytes: 1,
  rows: 1,
  counted: true,
});

/** A real store, worker and dispatcher, watched. */
async function stage(
  plan: readonly TaskSpec[],
  run: Script['run'],
  onError: Script['onError'] = () => 'fail-task',
) {
  const metrics = createMetricRegistry();
  const ended: EndedTask[] = [];
  const observed = createObservedJobs(
    allListeners([
      createTaskMetrics(metrics, async () => 'sqlite'),
      { ended: (task) => void ended.push(task) },
    ]),
    systemClock,
  );
  const fixture = await openJobsFixture(
    { plan, run, onError },
    { wrap: (store) => observed.observe(timedVerbs('jobs', store, metrics)) },
  );
  const lines = async (name: string): Promise<readonly string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(name));
  return { fixture, ended, lines };
}

const endsOf = (ended: readonly EndedTask[], key: string) =>
  ended.filter(({ claimed }) => claimed.task.key === key).map(({ end, error }) => [end, error]);

describe('observed jobs', () => {
  it('tell how each task ended, and count it', async () => {
    const { fixture, ended, lines } = await stage(
      [unit('good'), unit('slow'), unit('bad')],
      async ({ task, lease }) => {
        if (task.key === 'slow' && lease.attempt === 1)
          throw new AppError('database-locked', { message: 'slow' });
        if (task.key === 'bad') throw new AppError('dump-damaged', { message: 'bad' });
        return { type: 'done', result: null, done: { bytes: 10, rows: 2 } };
      },
    );
    await using _ = fixture;
    const { id } = await fixture.start();
    await fixture.reached(id, 'completed');
    assert.deepEqual(endsOf(ended, 'good'), [['done', null]]);
    assert.deepEqual(endsOf(ended, 'slow'), [
      ['retried', 'database-locked'],
      ['done', null],
    ]);
    assert.deepEqual(endsOf(ended, 'bad'), [['failed', 'dump-damaged']]);
    assert.deepEqual(await lines('pumphouse_tasks_running'), ['pumphouse_tasks_running{kind="verify"} 0']);
    assert.deepEqual(await lines('pumphouse_task_claims_total'), [
      'pumphouse_task_claims_total{kind="verify"} 5',
    ]);
    assert.deepEqual(await lines('pumphouse_task_retries_total'), [
      'pumphouse_task_retries_total{kind="verify",code="database-locked"} 1',
    ]);
    assert.deepEqual(await lines('pumphouse_task_failures_total'), [
      'pumphouse_task_failures_total{kind="verify",code="dump-damaged"} 1',
    ]);
    assert.deepEqual(await lines('pumphouse_jobs_ended_total'), [
      'pumphouse_jobs_ended_total{kind="verify",state="completed"} 1',
    ]);
    const verbs = await lines('pumphouse_store_verb_duration_seconds_count{verb="jobs.completeTask"}');
    assert.deepEqual(verbs, ['pumphouse_store_verb_duration_seconds_count{verb="jobs.completeTask"} 3']);
    assert.deepEqual(await lines('pumphouse_store_failures_total'), []);
  });

  it('do not take the tasks of a job that failed for lost', async () => {
    const going = Promise.withResolvers<void>();
    const { fixture, ended, lines } = await stage(
      [unit('bad'), unit('other')],
      async ({ task }, { signal }) => {
        if (task.key === 'other') {
          going.resolve();
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
          );
        }
        await going.promise;
        throw new AppError('dump-damaged', { message: 'bad' });
      },
      () => 'fail-job',
    );
    await using _ = fixture;
    const { id } = await fixture.start();
    await fixture.reached(id, 'failed');
    await fixture.until(() => ended.length === 3);
    assert.deepEqual(endsOf(ended, 'bad'), [['failed', 'dump-damaged']]);
    assert.deepEqual(endsOf(ended, 'other'), [['released', null]]);
    assert.deepEqual(await lines('pumphouse_lease_losses_total'), []);
    assert.deepEqual(await lines('pumphouse_tasks_running'), ['pumphouse_tasks_running{kind="verify"} 0']);
  });

  it('tell that a lease was lost, once', async () => {
    const ended: EndedTask[] = [];
    const gone = async (lease: Lease): Promise<never> => {
      throw new AppError('lease-lost', { message: `No lease of ${lease.taskKey}.` });
    };
    let task: ClaimedTask | null = null;
    const { fixture } = await stage([], async (claimed) => {
      task = claimed;
      return undefined;
    });
    await using _ = fixture;
    const { id } = await fixture.start();
    await fixture.reached(id, 'completed');
    const given = task ?? ({ lease: lease(id), job: await fixture.store.getJob(id) } as ClaimedTask);
    const observed = createObservedJobs({ ended: (end) => void ended.push(end) }, systemClock);
    const jobs = observed.observe({
      ...fixture.store,
      claimTask: async () => given,
      reportProgress: gone,
      confirmLease: gone,
    });
    await jobs.claimTask('local');
    await assert.rejects(jobs.reportProgress(given.lease, { bytes: 1, rows: 1 }), { code: 'lease-lost' });
    await assert.rejects(jobs.confirmLease(given.lease), { code: 'lease-lost' });
    assert.deepEqual(
      ended.map(({ end }) => end),
      ['lost'],
    );
  });

  it('tell that a lease was lost where the handler finds out', async () => {
    const ended: EndedTask[] = [];
    const observed = createObservedJobs({ ended: (end) => void ended.push(end) }, systemClock);
    const task = { lease: lease('j') } as ClaimedTask;
    const jobs = observed.observe({ claimTask: async () => task } as Partial<JobStore> as JobStore);
    const [handler] = observed.observeHandlers([
      {
        kind: 'verify',
        run: async () => {
          throw new AppError('lease-lost', { message: 'Somebody else has it.' });
        },
        onError: () => 'fail-task',
      },
    ]);
    await jobs.claimTask('local');
    await assert.rejects(async () => handler?.run(task, {} as TaskContext), { code: 'lease-lost' });
    assert.deepEqual(
      ended.map(({ end, error }) => [end, error]),
      [['lost', 'lease-lost']],
    );
  });

  it('tell of tickets that were given out again, and of the wait of others', async () => {
    const told: (string | number)[] = [];
    const observed = createObservedJobs(
      { waited: (ms) => void told.push(ms), takenOver: ({ lease: { taskKey } }) => void told.push(taskKey) },
      systemClock,
    );
    const task = { lease: lease('j') } as ClaimedTask;
    const tickets = observed.observeTickets({
      claimWith: async ({ slot }: HeldTicket) => (slot === null ? null : task),
    } as TicketedJobs);
    const ticket = { id: 't', jobId: 'j', slot: 0, home: null, delivery: 0 };
    await tickets.claimWith({ ...ticket, waitedMs: 40 });
    await tickets.claimWith({ ...ticket, slot: null, waitedMs: 50 });
    await tickets.claimWith({ ...ticket, delivery: 1 });
    assert.deepEqual(told, [40, 'k']);
  });
});

const lease = (jobId: string): Lease => ({ jobId, taskKey: 'k', attempt: 1, token: 'secret' });

describe('timed verbs', () => {
  it('count failures of the store, and no answers of it', async () => {
    const metrics = createMetricRegistry();
    const own = Symbol('own');
    const verbs = timedVerbs(
      'part',
      {
        away: async () => {
          throw new AppError('data-folder-unwritable', { message: 'full' });
        },
        refused: async () => {
          throw new AppError('job-state', { message: 'no' });
        },
        at: () => 5,
        word: 'w',
        [own]: 'kept',
      },
      metrics,
    );
    await assert.rejects(verbs.away(), { code: 'data-folder-unwritable' });
    await assert.rejects(verbs.refused(), { code: 'job-state' });
    assert.deepEqual([verbs.at(), verbs.word, verbs[own]], [5, 'w', 'kept']);
    const text = await metrics.text();
    const counted = text.split('\n').filter((line) => line.startsWith('pumphouse_store_failures_total{'));
    assert.equal(counted.length, 1);
    assert.match(counted[0] ?? '', /verb="part\.away"/);
    assert.match(text, /duration_seconds_count\{verb="part\.refused"\} 1/);
  });
});
