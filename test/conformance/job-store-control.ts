import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  claim,
  done,
  failure,
  finishStep,
  get,
  loggedStates,
  newJob,
  type OpenStore,
  plannedJob,
  rejects,
  taskStates,
  unit,
} from './job-store-fixture.ts';

/** Stop, resume, cancel, failure, restart, recovery, retention. */
export function controlConformance(open: OpenStore): void {
  describe('failJob', () => {
    it('fails the job; its running tasks lose their leases and become ready', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b'), finishStep(['data:t'])]);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      await jobs.reportProgress(b.lease, { bytes: 40, rows: 4 });
      store.advance(3);
      await jobs.failJob(a.lease, failure);
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.running, after.finishedAt], ['failed', 0, store.now()]);
      assert.deepEqual(after.error, failure);
      assert.deepEqual(after.progress, job.progress);
      assert.deepEqual(await taskStates(jobs, job.id), {
        plan: 'done',
        a: 'ready',
        b: 'ready',
        finish: 'waiting',
      });
      await rejects(jobs.completeTask(b.lease, done()), 'lease-lost');
      assert.equal(await jobs.claimTask('w'), null);
      const log = await jobs.readLog(job.id, 0, 100);
      assert.ok(log.some((entry) => entry.event === 'error' && entry.message === failure.message));
    });
  });

  describe('restartJob', () => {
    it('forgets every task but a fresh plan, keeps the old plan, counts a restart: queued', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(
        jobs,
        [unit('a'), unit('b'), unit('c'), finishStep(['data:t'])],
        {},
        { plan: { files: ['x'] }, errors: 1 },
      );
      const [a, b, c] = [await claim(jobs), await claim(jobs), await claim(jobs)];
      await jobs.completeTask(c.lease, done({ jobResult: 1 }));
      await jobs.restartJob(a.lease, 'the snapshot is gone', []);
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.restarts, after.running, after.errorCount], ['queued', 1, 0, 0]);
      assert.deepEqual([after.plan, after.result], [{ files: ['x'] }, null]);
      assert.deepEqual(Object.values(after.progress), [0, 0, 0, 0, 0, 0]);
      assert.deepEqual(await taskStates(jobs, job.id), { plan: 'ready' });
      assert.deepEqual(await jobs.tableProgress(job.id), []);
      await rejects(jobs.releaseTask(b.lease), 'lease-lost');
      const restart = (await jobs.readLog(job.id, 0, 100)).find((entry) => entry.event === 'restart');
      assert.deepEqual(restart?.data, { reason: 'the snapshot is gone' });

      const plan = await claim(jobs);
      assert.deepEqual([plan.task.kind, plan.job.plan, plan.lease.attempt], ['plan', { files: ['x'] }, 1]);
      await jobs.completeTask(plan.lease, done({ spawn: [unit('a')], plan: { files: ['y'] } }));
      const again = await claim(jobs);
      assert.equal((await jobs.completeTask(again.lease, done())).state, 'completed');
      assert.deepEqual((await get(jobs, job.id)).plan, { files: ['y'] });
    });

    it('keeps the done ones of `keep`, with their figures, and nothing else of it', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [
        unit('a', { bytes: 5 }),
        unit('b', { bytes: 4, group: 'data:u' }),
        unit('c', { bytes: 3 }),
        unit('d', { bytes: 2 }),
        finishStep(['data:t', 'data:u']),
      ]);
      const [a, b, c, d] = [await claim(jobs), await claim(jobs), await claim(jobs), await claim(jobs)];
      await jobs.completeTask(a.lease, done({ result: 'A', done: { bytes: 70, rows: 7 } }));
      await jobs.completeTask(b.lease, done({ result: 'B', done: { bytes: 80, rows: 8 } }));
      await jobs.failTask(c.lease, failure);
      await jobs.reportProgress(d.lease, { bytes: 1, rows: 1 });
      await jobs.restartJob(d.lease, 'gone', ['plan', 'a', 'c', 'd', 'unknown']);

      assert.deepEqual(await taskStates(jobs, job.id), { a: 'done', plan: 'ready' });
      const [kept] = await jobs.tasks(job.id, 'data');
      assert.deepEqual([kept?.result, kept?.payload, kept?.group], ['A', { key: 'a' }, 'data:t']);
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.errorCount], ['queued', 0]);
      assert.deepEqual(Object.values(after.progress), [70, 70, 7, 7, 1, 1]);
      const progress = await jobs.tableProgress(job.id);
      assert.deepEqual(
        progress.map(({ group, bytesDone, bytesTotal }) => ({ group, bytesDone, bytesTotal })),
        [{ group: 'data:t', bytesDone: 70, bytesTotal: 70 }],
      );

      const plan = await claim(jobs);
      assert.equal(plan.task.kind, 'plan');
      // The group of a kept task takes new ones, and is finished with them.
      await jobs.completeTask(plan.lease, done({ spawn: [unit('e'), finishStep(['data:t'])] }));
      assert.deepEqual(await taskStates(jobs, job.id), {
        a: 'done',
        e: 'ready',
        finish: 'waiting',
        plan: 'done',
      });
      const e = await claim(jobs);
      assert.deepEqual((await jobs.completeTask(e.lease, done())).finishedGroups, ['data:t']);
      assert.equal((await jobs.completeTask((await claim(jobs)).lease, done())).state, 'completed');
    });

    it('leaves a stopping job stopped and a cancelling one cancelling', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const a = await claim(jobs);
      await jobs.requestStop(job.id);
      await jobs.restartJob(a.lease, 'gone', []);
      assert.equal((await get(jobs, job.id)).state, 'stopped');
      await jobs.requestResume(job.id);
      const plan = await claim(jobs);
      await jobs.requestCancel(job.id);
      await jobs.restartJob(plan.lease, 'gone', []);
      assert.equal((await get(jobs, job.id)).state, 'cancelling');
      assert.equal((await claim(jobs)).task.kind, 'cleanup');
    });
  });

  describe('requestStop', () => {
    it('makes an active job stopped at once if nothing runs', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      const stopped = await jobs.requestStop(job.id);
      assert.deepEqual([stopped.state, stopped.finishedAt], ['stopped', store.now()]);
      assert.deepEqual(await jobs.requestStop(job.id), stopped, 'asked again: nothing changes');
      assert.equal(await jobs.claimTask('w'), null);
    });

    it('makes a running job stopping; its last released task makes it stopped', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b'), unit('c'), unit('d')]);
      const claims = [await claim(jobs), await claim(jobs), await claim(jobs)];
      assert.equal((await jobs.requestStop(job.id)).state, 'stopping');
      assert.equal((await jobs.requestStop(job.id)).state, 'stopping');
      assert.equal(await jobs.claimTask('w'), null);
      await jobs.releaseTask(claims[0]!.lease);
      assert.equal((await jobs.completeTask(claims[1]!.lease, done())).state, 'stopping');
      await jobs.releaseTask(claims[2]!.lease);
      assert.equal((await get(jobs, job.id)).state, 'stopped');
      assert.deepEqual(await loggedStates(jobs, job.id), [
        'queued',
        'planning',
        'executing',
        'stopping',
        'stopped',
      ]);
    });

    it('lets the job stop with a completed, failed or retried task as well', async () => {
      await using store = await open();
      const { jobs } = store;
      for (const end of ['complete', 'fail', 'retry'] as const) {
        const job = await plannedJob(jobs, [unit('a'), unit('b')]);
        const { lease } = await claim(jobs);
        await jobs.requestStop(job.id);
        if (end === 'complete') assert.equal((await jobs.completeTask(lease, done())).state, 'stopped');
        else if (end === 'fail') assert.equal((await jobs.failTask(lease, failure)).state, 'stopped');
        else await jobs.retryTask(lease, store.now() + 5);
        assert.equal((await get(jobs, job.id)).state, 'stopped', end);
      }
    });

    it('lets a job complete whose last task was just ending', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const { lease } = await claim(jobs);
      await jobs.requestStop(job.id);
      assert.equal((await jobs.completeTask(lease, done())).state, 'completed');
    });

    it('refuses a job at rest or cancelling as job-state, an unknown one as job-unknown', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      await jobs.completeTask((await claim(jobs)).lease, done());
      await rejects(jobs.requestStop(job.id), 'job-state');
      const { job: other } = await jobs.createJob(newJob());
      await jobs.requestCancel(other.id);
      await rejects(jobs.requestStop(other.id), 'job-state');
      for (const verb of ['requestStop', 'requestResume', 'requestCancel'] as const) {
        await rejects(jobs[verb]('nothing'), 'job-unknown');
      }
    });
  });

  describe('requestResume', () => {
    it('makes a stopped job queued, and it goes on where it was', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b')]);
      await jobs.completeTask((await claim(jobs)).lease, done());
      await jobs.requestStop(job.id);
      const resumed = await jobs.requestResume(job.id);
      assert.deepEqual([resumed.state, resumed.finishedAt], ['queued', null]);
      const { task, lease } = await claim(jobs);
      assert.equal(task.key, 'b');
      assert.equal((await jobs.completeTask(lease, done())).state, 'completed');
    });

    it('clears the error of a failed job and sets failed tasks back to ready', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b'), finishStep(['data:t'])]);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      await jobs.failTask(a.lease, failure);
      await jobs.completeTask(b.lease, done({ errors: 3 }));
      const finish = await claim(jobs);
      assert.equal(finish.task.key, 'finish');
      await jobs.failJob(finish.lease, failure);
      assert.equal((await get(jobs, job.id)).errorCount, 4);
      const resumed = await jobs.requestResume(job.id);
      assert.deepEqual([resumed.state, resumed.error, resumed.errorCount], ['queued', null, 3]);
      assert.deepEqual(await taskStates(jobs, job.id), {
        plan: 'done',
        a: 'ready',
        b: 'done',
        finish: 'waiting',
      });
      assert.equal((await jobs.tableProgress(job.id))[0]?.failed, 0);
      const again = await claim(jobs);
      assert.deepEqual([again.task.key, again.lease.attempt], ['a', 1]);
      assert.equal(await jobs.claimTask('w'), null, 'finish waits for the task set back');
      await jobs.completeTask(again.lease, done());
      assert.equal((await jobs.completeTask((await claim(jobs)).lease, done())).state, 'completed');
    });

    it('lets retries run at once and counts their attempts anew', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      await jobs.retryTask((await claim(jobs)).lease, store.now() + 60_000);
      await jobs.requestStop(job.id);
      await jobs.requestResume(job.id);
      assert.equal((await claim(jobs)).lease.attempt, 1);
    });

    it('refuses any other state as job-state', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      await rejects(jobs.requestResume(job.id), 'job-state');
      const plan = await claim(jobs);
      await rejects(jobs.requestResume(job.id), 'job-state');
      await jobs.requestStop(job.id);
      await rejects(jobs.requestResume(job.id), 'job-state');
      await jobs.requestCancel(job.id);
      await rejects(jobs.requestResume(job.id), 'job-state');
      await jobs.releaseTask(plan.lease);
      await jobs.completeTask((await claim(jobs)).lease, done());
      await rejects(jobs.requestResume(job.id), 'job-state');
    });
  });

  describe('requestCancel', () => {
    it('makes the job cancelling and gives cleanup once nothing else of it runs; then it is cancelled', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b'), unit('c')], {}, { plan: { files: ['x'] } });
      const [a, b] = [await claim(jobs), await claim(jobs)];
      assert.equal((await jobs.requestCancel(job.id)).state, 'cancelling');
      assert.equal((await jobs.requestCancel(job.id)).state, 'cancelling');
      assert.equal(await jobs.claimTask('w'), null);
      await jobs.releaseTask(a.lease);
      assert.equal(await jobs.claimTask('w'), null);
      await jobs.failJob(b.lease, failure);
      assert.equal(
        (await get(jobs, job.id)).state,
        'cancelling',
        'an error does not stand in the way of a cancel',
      );
      const cleanup = await claim(jobs);
      assert.deepEqual(
        [cleanup.task.key, cleanup.task.kind, cleanup.job.state],
        ['cleanup', 'cleanup', 'cancelling'],
      );
      assert.deepEqual(cleanup.job.plan, { files: ['x'] });
      assert.equal(await jobs.claimTask('w'), null);
      assert.equal((await jobs.completeTask(cleanup.lease, done())).state, 'cancelled');
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.running, after.finishedAt], ['cancelled', 0, store.now()]);
      assert.equal((await jobs.requestCancel(job.id)).state, 'cancelled');
    });

    it('takes stopped and failed jobs, and refuses completed ones as job-state', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job: stopped } = await jobs.createJob(newJob());
      await jobs.requestStop(stopped.id);
      assert.equal((await jobs.requestCancel(stopped.id)).state, 'cancelling');
      await jobs.completeTask((await claim(jobs)).lease, done());
      const failed = await plannedJob(jobs, [unit('a')]);
      await jobs.failJob((await claim(jobs)).lease, failure);
      assert.deepEqual((await jobs.requestCancel(failed.id)).error, null);
      await jobs.completeTask((await claim(jobs)).lease, done());
      const completed = await plannedJob(jobs, [unit('a')]);
      await jobs.completeTask((await claim(jobs)).lease, done());
      await rejects(jobs.requestCancel(completed.id), 'job-state');
    });

    it('lets a cancel that failed be asked for again, but not resumed: files may be gone', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      await jobs.requestCancel(job.id);
      await jobs.failJob((await claim(jobs)).lease, failure);
      assert.equal((await get(jobs, job.id)).state, 'failed');
      await rejects(jobs.requestResume(job.id), 'job-state');
      await jobs.requestCancel(job.id);
      const cleanup = await claim(jobs);
      assert.equal(cleanup.lease.attempt, 1);
      assert.equal((await jobs.completeTask(cleanup.lease, done())).state, 'cancelled');
    });
  });

  describe('recover', () => {
    it('puts the tasks that run under the worker id back to ready; stopping jobs become stopped', async () => {
      await using store = await open();
      const { jobs } = store;
      const going = await plannedJob(jobs, [unit('a'), unit('b')]);
      const [mine] = [await claim(jobs, 'mine'), await claim(jobs, 'mine')];
      const stopping = await plannedJob(jobs, [unit('a')]);
      await claim(jobs, 'mine');
      await jobs.requestStop(stopping.id);
      const others = await plannedJob(jobs, [unit('a')]);
      const other = await claim(jobs, 'other');
      assert.equal(await jobs.recover('mine'), 3);
      assert.equal(await jobs.recover('mine'), 0);
      assert.deepEqual(await taskStates(jobs, going.id), { plan: 'done', a: 'ready', b: 'ready' });
      assert.equal((await get(jobs, going.id)).running, 0);
      assert.equal((await get(jobs, stopping.id)).state, 'stopped');
      await rejects(jobs.completeTask(mine.lease, done()), 'lease-lost');
      assert.equal((await get(jobs, others.id)).running, 1);
      await jobs.completeTask(other.lease, done());
    });
  });

  describe('prune', () => {
    it('removes jobs at rest that finished before the time, with their tasks and logs, and gives their ids', async () => {
      await using store = await open();
      const { jobs } = store;
      const completed = await plannedJob(jobs, [unit('a')], { idempotency: { key: 'k', digest: 'd' } });
      await jobs.completeTask((await claim(jobs)).lease, done({ jobResult: {} }));
      const failed = await plannedJob(jobs, [unit('a')]);
      await jobs.failJob((await claim(jobs)).lease, failure);
      const { job: stopped } = await jobs.createJob(newJob());
      await jobs.requestStop(stopped.id);
      const { job: active } = await jobs.createJob(newJob());
      store.advance(1000);
      const { job: young } = await jobs.createJob(newJob());
      await jobs.requestStop(young.id);
      assert.deepEqual(await jobs.prune(store.now() - 1000), []);
      const removed = await jobs.prune(store.now());
      assert.deepEqual([...removed].sort(), [completed.id, failed.id, stopped.id].sort());
      for (const id of removed) {
        assert.equal(await jobs.getJob(id), null);
        assert.deepEqual(await jobs.tasks(id), []);
        assert.deepEqual(await jobs.readLog(id, 0, 10), []);
        assert.deepEqual(await jobs.tableProgress(id), []);
      }
      assert.deepEqual(
        (await jobs.listJobs({ limit: 10 })).map((job) => job.id),
        [young.id, active.id],
      );
      const again = await jobs.createJob(newJob({ idempotency: { key: 'k', digest: 'other' } }));
      assert.equal(again.created, true);
      assert.ok(again.job.seq > young.seq, 'seqs are not used again');
    });
  });
}
