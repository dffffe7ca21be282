import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claim, get, newJob, unit } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { stuck } from '../../test/harness/jobs-fixture.ts';
import { makeFolder } from '../../test/harness/with-folder.ts';
import { systemClock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import type { JobNotice } from './job-notices.ts';
import { createWorker } from './worker.ts';

const noticeOf = ({ id, state, restarts, version }: Job): JobNotice => ({
  jobId: id,
  state,
  restarts,
  version,
});

/** A worker whose data tasks are stuck until they are interrupted, and a store that others write to as well. */
async function openStage() {
  const folder = await makeFolder();
  const { log } = createMemoryLog();
  const store = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const closed: string[] = [];
  const worker = createWorker({
    store: store.jobs,
    clock: systemClock,
    log,
    handlers: [
      {
        kind: 'verify',
        async run({ task, job }, context) {
          if (task.kind === 'plan') {
            return { type: 'done', result: null, spawn: [unit('a'), unit('b'), unit('c')] };
          }
          if (task.key === 'again') return { type: 'restart', reason: 'the snapshot is gone' };
          await context.shared('session', async () => ({
            [Symbol.asyncDispose]: async () => void closed.push(`session of restart ${job.restarts}`),
          }));
          if (task.key === 'b') await context.shareSnapshot('token of this process');
          if (task.key !== 'c') await stuck(context.signal);
          return { type: 'done', result: null };
        },
        onError: () => 'fail-task',
      },
    ],
  });
  const { job } = await store.jobs.createJob(newJob());
  await worker.run(await claim(store.jobs));
  return {
    worker,
    closed,
    jobs: store.jobs,
    id: job.id,
    job: () => get(store.jobs, job.id),
    /** Begins the next task here. */
    begin: async () => {
      const claimed = await claim(store.jobs);
      return { claimed, ended: worker.run(claimed) };
    },
    async [Symbol.asyncDispose]() {
      await worker.close(1_000);
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('worker: what it is told of jobs', () => {
  it('ends tasks of a job that is being stopped, and nothing that began since', async () => {
    await using stage = await openStage();
    const first = await stage.begin();
    const stopping = noticeOf(await stage.jobs.requestStop(stage.id));
    stage.worker.told(stopping);
    await first.ended;
    assert.equal((await stage.job()).state, 'stopped');
    await stage.jobs.requestResume(stage.id);
    const second = await stage.begin();
    stage.worker.told(stopping);
    stage.worker.told({ ...stopping, state: 'stopped' });
    assert.equal((await stage.job()).running, 1);
    stage.worker.told(noticeOf(await stage.jobs.requestStop(stage.id)));
    await second.ended;
  });

  it('closes what is open of a job that rests elsewhere, but not for what was before', async () => {
    await using stage = await openStage();
    const first = await stage.begin();
    const before = noticeOf(await stage.job());
    const other = await claim(stage.jobs, 'other');
    await stage.jobs.failJob(other.lease, { code: 'internal', message: 'No.', hint: '' });
    stage.worker.told({ ...before, state: 'failed', version: before.version - 1 });
    assert.deepEqual(stage.worker.openJobs(), [stage.id]);
    stage.worker.told(noticeOf(await stage.job()));
    await first.ended;
    assert.deepEqual(stage.closed, ['session of restart 0']);
    assert.deepEqual(stage.worker.openJobs(), []);
  });

  it('closes what is open of before a restart elsewhere: by a notice, or by the next task', async () => {
    await using stage = await openStage();
    const first = await stage.begin();
    await stage.jobs.restartJob((await claim(stage.jobs, 'other')).lease, 'the snapshot is gone', []);
    const plan = await claim(stage.jobs, 'other');
    await stage.jobs.completeTask(plan.lease, { result: null, spawn: [unit('c')] });
    // No notice has come: the task itself tells, and has its turn after what is closed.
    const early = await stage.begin();
    await Promise.all([first.ended, early.ended]);
    assert.deepEqual(stage.closed, ['session of restart 0']);
    const late = await stage.begin();
    await late.ended;
    assert.equal((await stage.job()).state, 'completed');
    assert.deepEqual(stage.closed, ['session of restart 0', 'session of restart 1']);
  });

  it('forgets a job that it started again, and that others then brought to its end', async () => {
    await using stage = await openStage();
    const other = await claim(stage.jobs, 'other');
    const again = { ...unit('again'), bytes: 1_000_000 };
    await stage.jobs.completeTask(other.lease, { result: null, spawn: [again] });
    const begun = await stage.begin();
    assert.equal(begun.claimed.task.key, 'again');
    await begun.ended;
    assert.equal((await stage.job()).restarts, 1);
    assert.deepEqual(stage.worker.openJobs(), [stage.id]);
    const plan = await claim(stage.jobs, 'other');
    await stage.jobs.completeTask(plan.lease, { result: null });
    stage.worker.told(noticeOf(await stage.job()));
    while (stage.worker.openJobs().length > 0) await new Promise(setImmediate);
  });

  it('lets the cleanup of a cancelled job go on', async () => {
    await using stage = await openStage();
    const first = await stage.begin();
    stage.worker.told(noticeOf(await stage.jobs.requestCancel(stage.id)));
    await first.ended;
    const cleanup = await stage.begin();
    assert.equal(cleanup.claimed.task.kind, 'cleanup');
    const now = noticeOf(await stage.job());
    stage.worker.told({ ...now, version: now.version + 1 });
    assert.equal((await stage.job()).running, 1);
    stage.worker.gone(stage.id);
    await cleanup.ended;
  });

  it('ends a task that somebody else was given, and writes nothing for it', async () => {
    await using stage = await openStage();
    const claimed = await claim(stage.jobs);
    const lost = new AbortController();
    const ended = stage.worker.run(claimed, lost.signal);
    await stage.jobs.recover('w');
    const again = await claim(stage.jobs, 'other');
    lost.abort(new AppError('lease-lost', { message: 'Another has it.' }));
    await ended;
    await stage.jobs.confirmLease(again.lease);
    assert.equal((await stage.job()).running, 1);
  });

  it('hands a snapshot over once somebody has joined it later', async () => {
    await using stage = await openStage();
    await stage.begin();
    await stage.begin();
    while ((await stage.jobs.snapshotTokens(stage.id)).length === 0) await new Promise(setImmediate);
    assert.deepEqual(await stage.worker.snapshotsToHandOver(), [stage.id]);
    const other = await claim(stage.jobs, 'other');
    await stage.jobs.shareSnapshot(other.lease, 'token of another process');
    assert.deepEqual(await stage.worker.snapshotsToHandOver(), []);
  });
});
