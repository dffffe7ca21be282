import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Job } from '../../src/core/job.ts';
import type { ClaimedTask, JobStore, NewJob } from '../../src/jobs/job-store.ts';
import {
  claim,
  done,
  failure,
  get,
  loggedStates,
  newJob,
  type OpenStore,
  rejects,
  step,
  taskStates,
} from './job-store-fixture.ts';

const hourMs = 60 * 60 * 1000;

/** A job whose plan runs, claimed. */
async function running(
  jobs: JobStore,
  changes: Partial<NewJob> = {},
): Promise<{ readonly job: Job; readonly plan: ClaimedTask }> {
  const { job } = await jobs.createJob(newJob(changes));
  const plan = await claim(jobs);
  assert.equal(plan.job.id, job.id);
  return { job: await get(jobs, job.id), plan };
}

const startChild = async (
  jobs: JobStore,
  parent: Pick<Job, 'id'>,
  name = 'step',
  changes: Partial<NewJob> = {},
): Promise<Job> =>
  (await jobs.createJob(newJob({ ...changes, parent: { jobId: parent.id, step: name } }))).job;

/** A parent whose plan waits for a child that runs. */
async function family(jobs: JobStore): Promise<{ parent: Job; child: Job; work: ClaimedTask }> {
  const { job: parent, plan } = await running(jobs);
  const child = await startChild(jobs, parent);
  await jobs.awaitJobs(plan.lease, [child.id], hourMs);
  const work = await claim(jobs);
  assert.equal(work.job.id, child.id);
  return { parent, child, work };
}

const stateOf = async (jobs: JobStore, { id }: Pick<Job, 'id'>): Promise<string> =>
  (await get(jobs, id)).state;

/** Jobs that start jobs. */
export function familyConformance(open: OpenStore): void {
  describe('jobs that start jobs', () => {
    startConformance(open);
    awaitConformance(open);
    cascadeConformance(open);
    pruneConformance(open);
  });
}

function startConformance(open: OpenStore): void {
  it('make one job per step, whoever starts it how often', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent } = await running(jobs);
    assert.equal(await jobs.childJob(parent.id, 'one'), null);
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => jobs.createJob(newJob({ parent: { jobId: parent.id, step: 'one' } }))),
    );
    assert.equal(tries.filter(({ created }) => created).length, 1);
    assert.equal(new Set(tries.map(({ job }) => job.id)).size, 1);
    const one = await jobs.childJob(parent.id, 'one');
    assert.deepEqual(one?.parent, { jobId: parent.id, step: 'one' });
    const two = await startChild(jobs, parent, 'two');
    assert.deepEqual(
      (await jobs.childJobs(parent.id)).map(({ id }) => id),
      [one.id, two.id],
    );
    assert.equal((await get(jobs, parent.id)).parent, null);
    assert.deepEqual(
      (await jobs.listJobs({ limit: 10, topLevel: true })).map(({ id }) => id),
      [parent.id],
    );
    assert.equal((await jobs.listJobs({ limit: 10 })).length, 3);
  });

  it('start none once they are being stopped, or rest, or are gone', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    await jobs.requestStop(parent.id);
    await rejects(startChild(jobs, parent), 'job-state');
    await jobs.releaseTask(plan.lease);
    await rejects(startChild(jobs, parent), 'job-state');
    await rejects(startChild(jobs, { id: 'nothing' }), 'job-unknown');
    assert.deepEqual(await jobs.childJobs(parent.id), []);
  });

  it('share their database within the family, and with nobody who wants it alone', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    const alone = { onlyOfDatabase: true };
    const child = await startChild(jobs, parent, 'one', alone);
    await startChild(jobs, child, 'below', alone);
    await startChild(jobs, parent, 'two', alone);
    await jobs.awaitJobs(plan.lease, [child.id], hourMs);
    const error = await rejects(jobs.createJob(newJob(alone)), 'database-busy');
    assert.ok(error.message.includes(parent.name));

    const { job: other } = await jobs.createJob(newJob({ database: 'stock' }));
    await rejects(startChild(jobs, parent, 'three', { database: 'stock', ...alone }), 'database-busy');
    await jobs.requestStop(other.id);
    await startChild(jobs, parent, 'three', { database: 'stock', ...alone });
  });

  it('count a database as worked on where a proof is made', async () => {
    await using store = await open();
    const { jobs } = store;
    const request = {
      kind: 'backup_verify',
      database: 'orders',
      backup: 1,
      method: 'restore',
      scratchDatabase: 'scratch',
      threads: 1,
    } as const;
    await jobs.createJob(newJob({ request }));
    await rejects(jobs.createJob(newJob({ database: 'scratch', onlyOfDatabase: true })), 'database-busy');
    await jobs.createJob(newJob({ database: 'third', onlyOfDatabase: true }));
  });
}

function awaitConformance(open: OpenStore): void {
  it('wait for one without a worker, and go on in the moment in which it rests', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    const waiting = await get(jobs, parent.id);
    assert.deepEqual([waiting.state, waiting.running, waiting.waitingFor], ['executing', 0, null]);
    assert.deepEqual(await taskStates(jobs, parent.id), { plan: 'ready' });
    assert.equal(await jobs.claimTask('w'), null);
    assert.equal(await jobs.nextRetryAt(), store.now() + hourMs);
    await jobs.completeTask(work.lease, done());
    assert.equal(await stateOf(jobs, child), 'completed');
    const again = await claim(jobs);
    assert.deepEqual([again.lease.taskKey, again.lease.attempt, again.claims], ['plan', 1, 2]);
    assert.equal(again.job.state, 'executing');
    assert.equal((await jobs.completeTask(again.lease, done())).state, 'completed');
  });

  it('go on whatever becomes of it', async () => {
    await using store = await open();
    const { jobs } = store;
    for (const end of ['fail', 'stop', 'cancel'] as const) {
      const { parent, child, work } = await family(jobs);
      if (end === 'fail') {
        await jobs.failJob(work.lease, failure);
      } else {
        await jobs.releaseTask(work.lease);
        if (end === 'stop') await jobs.requestStop(child.id);
        else await jobs.requestCancel(child.id);
      }
      if (end === 'cancel') await jobs.completeTask((await claim(jobs)).lease, done());
      const again = await claim(jobs);
      assert.equal(again.job.id, parent.id, end);
      assert.equal((await jobs.completeTask(again.lease, done())).state, 'completed');
    }
  });

  it('do not wait for what rests already, nor longer than they asked for', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    const [one, two] = [await startChild(jobs, parent, 'one'), await startChild(jobs, parent, 'two')];
    await jobs.requestStop(one.id);
    await jobs.awaitJobs(plan.lease, [one.id, two.id], hourMs);
    const again = await claim(jobs);
    assert.equal(again.job.id, parent.id);
    await jobs.awaitJobs(again.lease, [two.id], 5000);
    const other = await claim(jobs);
    assert.equal(other.job.id, two.id);
    assert.equal(await jobs.claimTask('w'), null);
    store.advance(5000);
    const third = await claim(jobs);
    assert.equal(third.job.id, parent.id);
    await jobs.awaitJobs(third.lease, [], 7000);
    assert.equal(await jobs.nextRetryAt(), store.now() + 7000, 'for nobody: only for the time');
  });

  it('are not concerned by restarts of it, nor by the end of others', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    const child = await startChild(jobs, parent, 'one');
    const other = await startChild(jobs, parent, 'two');
    await jobs.awaitJobs(plan.lease, [child.id], hourMs);
    await jobs.requestStop(other.id);
    const work = await claim(jobs);
    assert.equal(work.job.id, child.id);
    await jobs.restartJob(work.lease, 'gone', []);
    assert.equal((await claim(jobs)).job.id, child.id);
    assert.equal(await jobs.claimTask('w'), null);
  });

  it('rest with a completion that says so, and go on with what it left', async () => {
    await using store = await open();
    const { jobs } = store;
    for (const rest of [{ state: 'stopped' }, { state: 'failed', error: failure }] as const) {
      const { job, plan } = await running(jobs, { threads: 2 });
      await jobs.completeTask(plan.lease, done({ spawn: [step('a'), step('b')] }));
      const [a, b] = [await claim(jobs), await claim(jobs)];
      const effect = await jobs.completeTask(a.lease, done({ rest, spawn: [step('c')] }));
      assert.equal(effect.state, rest.state);
      const after = await get(jobs, job.id);
      assert.deepEqual(
        [after.state, after.running, after.error],
        [rest.state, 0, rest.state === 'failed' ? failure : null],
      );
      await rejects(jobs.completeTask(b.lease, done()), 'lease-lost');
      assert.deepEqual(await taskStates(jobs, job.id), { plan: 'done', a: 'done', b: 'ready', c: 'ready' });
      await jobs.requestResume(job.id);
      await jobs.completeTask((await claim(jobs)).lease, done());
      // One that is asked to stop stops.
      const last = await claim(jobs);
      await jobs.requestStop(job.id);
      assert.equal(
        (await jobs.completeTask(last.lease, done({ rest, spawn: [step('d')] }))).state,
        'stopped',
      );
      assert.equal((await get(jobs, job.id)).error, null);
      await jobs.requestResume(job.id);
      const nothing = await claim(jobs);
      await rejects(jobs.completeTask(nothing.lease, done({ rest })), 'internal');
      assert.equal((await jobs.completeTask(nothing.lease, done())).state, 'completed');
    }
  });

  it('give out a task not before its time', async () => {
    await using store = await open();
    const { jobs } = store;
    const { plan } = await running(jobs);
    await jobs.completeTask(plan.lease, done({ spawn: [step('a', { notBefore: store.now() + 9000 })] }));
    assert.equal(await jobs.claimTask('w'), null);
    assert.equal(await jobs.nextRetryAt(), store.now() + 9000);
    store.advance(9000);
    assert.equal((await claim(jobs)).lease.taskKey, 'a');
  });
}

function cascadeConformance(open: OpenStore): void {
  it('stop with all that they started, and are stopped when the last of it is', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    const below = await startChild(jobs, child, 'below');
    const deepest = await claim(jobs);
    assert.equal(deepest.job.id, below.id);
    assert.equal((await jobs.requestStop(parent.id)).state, 'stopping');
    assert.deepEqual([await stateOf(jobs, child), await stateOf(jobs, below)], ['stopping', 'stopping']);
    await jobs.releaseTask(work.lease);
    assert.deepEqual([await stateOf(jobs, parent), await stateOf(jobs, child)], ['stopping', 'stopping']);
    await rejects(jobs.requestResume(parent.id), 'job-state');
    await jobs.releaseTask(deepest.lease);
    for (const job of [parent, child, below]) assert.equal(await stateOf(jobs, job), 'stopped');
    assert.equal(await jobs.claimTask('w'), null);

    await jobs.requestResume(parent.id);
    for (const job of [parent, child, below]) assert.equal(await stateOf(jobs, job), 'queued');
  });

  it('stop at once when nothing of the family runs', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    await jobs.releaseTask(work.lease);
    assert.equal((await jobs.requestStop(parent.id)).state, 'stopped');
    assert.equal(await stateOf(jobs, child), 'stopped');
    assert.deepEqual(await loggedStates(jobs, parent.id), ['queued', 'planning', 'executing', 'stopped']);
  });

  it('stop after the death of the process that ran it', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child } = await family(jobs);
    await jobs.requestStop(parent.id);
    assert.equal(await jobs.recover('w'), 1);
    assert.deepEqual([await stateOf(jobs, parent), await stateOf(jobs, child)], ['stopped', 'stopped']);
  });

  it('go on after the death of the process, each where it was', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child } = await family(jobs);
    assert.equal(await jobs.recover('w'), 1);
    const work = await claim(jobs);
    assert.equal(work.job.id, child.id);
    assert.equal(await jobs.claimTask('w'), null, 'the parent still waits');
    await jobs.completeTask(work.lease, done());
    assert.equal((await claim(jobs)).job.id, parent.id);
  });

  it('resume what failed or was stopped, and nothing that completed', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    await jobs.failJob(work.lease, failure);
    const plan = await claim(jobs);
    const ready = await startChild(jobs, parent, 'ready');
    await jobs.failJob(plan.lease, failure);
    const finished = await claim(jobs);
    assert.equal(finished.job.id, ready.id, 'the failure of a parent leaves its other jobs alone');
    await jobs.completeTask(finished.lease, done());
    await jobs.requestResume(parent.id);
    assert.deepEqual(
      [await stateOf(jobs, parent), await stateOf(jobs, child), await stateOf(jobs, ready)],
      ['queued', 'queued', 'completed'],
    );
    assert.equal((await claim(jobs)).job.id, parent.id, 'its task looks at once');
  });

  it('leave alone what a task that is done has dealt with', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    await jobs.failJob(work.lease, failure);
    await jobs.completeTask((await claim(jobs)).lease, done({ spawn: [step('next')] }));
    await jobs.failJob((await claim(jobs)).lease, failure);
    await jobs.requestResume(parent.id);
    assert.equal(await stateOf(jobs, child), 'failed');
  });

  it('forget a job that was cancelled when they are resumed: the step starts another', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    await jobs.releaseTask(work.lease);
    await jobs.requestCancel(child.id);
    await jobs.completeTask((await claim(jobs)).lease, done());
    const plan = await claim(jobs);
    assert.equal((await jobs.childJob(parent.id, 'step'))?.state, 'cancelled');
    await jobs.failJob(plan.lease, failure);
    await jobs.requestResume(parent.id);
    assert.equal(await jobs.childJob(parent.id, 'step'), null);
    const another = await startChild(jobs, parent);
    assert.notEqual(another.id, child.id);
    assert.deepEqual(
      (await jobs.childJobs(parent.id)).map(({ id }) => id),
      [child.id, another.id],
    );
  });

  it('refuse a resume that a job below them refuses, and change nothing', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    const other = await startChild(jobs, parent, 'other');
    await jobs.requestStop(other.id);
    await jobs.releaseTask(work.lease);
    await jobs.requestCancel(child.id);
    await jobs.failJob((await claim(jobs)).lease, failure);
    await jobs.failJob((await claim(jobs)).lease, failure);
    const error = await rejects(jobs.requestResume(parent.id), 'job-state');
    assert.ok(error.message.includes(child.name));
    assert.deepEqual(
      [await stateOf(jobs, parent), await stateOf(jobs, child), await stateOf(jobs, other)],
      ['failed', 'failed', 'stopped'],
    );
  });

  it('wait with a resume until what is being stopped or cancelled below them rests', async () => {
    for (const verb of ['requestStop', 'requestCancel'] as const) {
      await using store = await open();
      const { jobs } = store;
      const { job: parent, plan } = await running(jobs);
      const child = await startChild(jobs, parent);
      const work = await claim(jobs);
      await jobs.failJob(plan.lease, failure);
      await jobs[verb](child.id);
      const error = await rejects(jobs.requestResume(parent.id), 'job-state');
      assert.ok(error.message.includes(child.name), error.message);
      await jobs.releaseTask(work.lease);
      if (verb === 'requestStop') assert.equal((await jobs.requestResume(parent.id)).state, 'queued');
    }
  });

  it('do not let one of theirs go on alone while they are being stopped', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    const child = await startChild(jobs, parent);
    await jobs.requestStop(parent.id);
    assert.equal(await stateOf(jobs, child), 'stopped');
    await rejects(jobs.requestResume(child.id), 'job-state');
    await jobs.releaseTask(plan.lease);
    assert.equal((await jobs.requestResume(child.id)).state, 'queued');
  });

  it('cancel all that has not completed, and clean up after it', async () => {
    await using store = await open();
    const { jobs } = store;
    const { job: parent, plan } = await running(jobs);
    const names = ['stopped', 'failed', 'completed', 'queued'] as const;
    const children = new Map<string, Job>();
    for (const name of names) {
      const child = await startChild(jobs, parent, name);
      children.set(name, child);
      if (name === 'stopped') await jobs.requestStop(child.id);
      if (name === 'failed') await jobs.failJob((await claim(jobs)).lease, failure);
      if (name === 'completed') await jobs.completeTask((await claim(jobs)).lease, done());
    }
    await jobs.awaitJobs(plan.lease, [...children.values()].map(({ id }) => id).slice(3), hourMs);
    assert.equal((await jobs.requestCancel(parent.id)).state, 'cancelling');
    assert.equal((await jobs.requestCancel(parent.id)).state, 'cancelling');
    const cleanups: ClaimedTask[] = [];
    for (let i = 0; i < 3; i++) {
      const cleanup = await claim(jobs);
      assert.deepEqual([cleanup.task.kind, cleanup.job.parent?.jobId], ['cleanup', parent.id]);
      cleanups.push(cleanup);
    }
    assert.equal(await jobs.claimTask('w'), null, 'the parent cleans up last');
    assert.equal(await jobs.nextRetryAt(), null);
    for (const { lease } of cleanups) await jobs.completeTask(lease, done());
    const last = await claim(jobs);
    assert.deepEqual([last.job.id, last.task.kind], [parent.id, 'cleanup']);
    assert.equal((await jobs.completeTask(last.lease, done())).state, 'cancelled');
    const states = await Promise.all(names.map((name) => stateOf(jobs, children.get(name) as Job)));
    assert.deepEqual(states, ['cancelled', 'cancelled', 'completed', 'cancelled']);
  });
}

function pruneConformance(open: OpenStore): void {
  it('are removed with all that they started, once the last of it is old enough', async () => {
    await using store = await open();
    const { jobs } = store;
    const { parent, child, work } = await family(jobs);
    await jobs.failJob((await claimOf(jobs, parent, work)).lease, failure);
    const start = store.now();
    store.advance(1000);
    assert.deepEqual(await jobs.prune(store.now()), [], 'one of theirs still works');
    await jobs.completeTask((await claim(jobs)).lease, done());
    assert.deepEqual(await jobs.prune(start + 500), [], 'one of theirs is younger');
    store.advance(1000);
    assert.deepEqual([...(await jobs.prune(store.now()))].sort(), [parent.id, child.id].sort());
    assert.deepEqual(await jobs.listJobs({ limit: 10 }), []);
  });

  it('keep what they started for as long as they are', async () => {
    await using store = await open();
    const { jobs } = store;
    const { child, work } = await family(jobs);
    await jobs.completeTask(work.lease, done());
    store.advance(1000);
    assert.deepEqual(await jobs.prune(store.now()), []);
    assert.equal(await stateOf(jobs, child), 'completed');
  });
}

/** The waiting task of a parent, given out since the time that it asked for is over; the child's goes back. */
async function claimOf(jobs: JobStore, parent: Job, work: ClaimedTask): Promise<ClaimedTask> {
  await jobs.releaseTask(work.lease);
  await jobs.requestStop(work.job.id);
  const task = await claim(jobs);
  assert.equal(task.job.id, parent.id);
  await jobs.requestResume(work.job.id);
  return task;
}
