import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorRecord } from '../../src/core/errors.ts';
import {
  big,
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
  step,
  taskStates,
  unit,
} from './job-store-fixture.ts';

/** The verbs of workers. */
export function taskConformance(open: OpenStore): void {
  describe('claimTask', () => {
    it('makes the job planning with plan, completing with finish, executing with any other', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      store.advance(5);
      const plan = await claim(jobs);
      assert.equal(plan.task.kind, 'plan');
      assert.equal(plan.job.state, 'planning');
      assert.equal(plan.job.startedAt, store.now());
      assert.deepEqual([plan.lease.jobId, plan.lease.taskKey, plan.lease.attempt], [job.id, 'plan', 1]);
      await jobs.completeTask(plan.lease, done({ spawn: [unit('a'), finishStep(['data:t'])] }));
      const data = await claim(jobs);
      assert.equal(data.job.state, 'executing');
      await jobs.completeTask(data.lease, done());
      const finish = await claim(jobs);
      assert.equal(finish.job.state, 'completing');
      assert.deepEqual(await loggedStates(jobs, job.id), ['queued', 'planning', 'executing', 'completing']);
    });

    it('gives the task as it was planned', async () => {
      await using store = await open();
      const { jobs } = store;
      const spec = unit('a', {
        waitsFor: ['nobody'],
        payload: { deep: [1, null, 'é'] },
        bytes: big,
        rows: big,
      });
      await plannedJob(jobs, [spec]);
      assert.deepEqual((await claim(jobs)).task, spec);
    });

    it('gives jobs with fewer running tasks first, then older', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job: first } = await jobs.createJob(newJob());
      const { job: second } = await jobs.createJob(newJob());
      const plans = [await claim(jobs), await claim(jobs)];
      await jobs.completeTask(plans[0]!.lease, done({ spawn: [unit('a'), unit('b'), unit('c')] }));
      await jobs.completeTask(plans[1]!.lease, done({ spawn: [unit('a'), unit('b')] }));
      const order = [];
      for (let i = 0; i < 5; i++) order.push((await claim(jobs)).job.id);
      assert.deepEqual(order, [first.id, second.id, first.id, second.id, first.id]);
      assert.equal(await jobs.claimTask('w'), null);
    });

    it('gives heavier tasks of a job first', async () => {
      await using store = await open();
      const { jobs } = store;
      await plannedJob(jobs, [
        unit('small', { bytes: 1 }),
        unit('huge', { bytes: big * 2 }),
        unit('b', { bytes: big }),
        unit('a', { bytes: big }),
      ]);
      const order = [];
      for (let i = 0; i < 4; i++) order.push((await claim(jobs)).task.key);
      assert.deepEqual(order, ['huge', 'a', 'b', 'small']);
    });

    it('never runs more tasks of a job than its threads', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(
        jobs,
        ['a', 'b', 'c', 'd'].map((key) => unit(key)),
        { threads: 2 },
      );
      const claims = await Promise.all(Array.from({ length: 6 }, () => jobs.claimTask('w')));
      const taken = claims.filter((claimed) => claimed !== null);
      assert.equal(taken.length, 2);
      assert.equal((await get(jobs, job.id)).running, 2);
      assert.equal(await jobs.claimTask('w'), null);
      await jobs.completeTask(taken[0]!.lease, done());
      assert.ok(await jobs.claimTask('w'));
      assert.equal(await jobs.claimTask('w'), null);
    });

    it('gives a task to one only, under a lease of its own', async () => {
      await using store = await open();
      const { jobs } = store;
      await plannedJob(
        jobs,
        Array.from({ length: 20 }, (_, i) => unit(`u${i}`)),
        { threads: 100 },
      );
      const claims = await Promise.all(Array.from({ length: 25 }, (_, i) => jobs.claimTask(`w${i}`)));
      const taken = claims.filter((claimed) => claimed !== null);
      assert.equal(taken.length, 20);
      assert.equal(new Set(taken.map(({ task }) => task.key)).size, 20);
      assert.equal(new Set(taken.map(({ lease }) => lease.token)).size, 20);
    });

    it('leaves a task while a group that it waits for has an unfinished task', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [
        unit('a'),
        unit('b'),
        step('index', { waitsFor: ['data:t', 'nothing-there'] }),
        finishStep(['index', 'data:t']),
      ]);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      assert.equal(await jobs.claimTask('w'), null);
      assert.deepEqual((await jobs.completeTask(a.lease, done())).finishedGroups, []);
      assert.equal(await jobs.claimTask('w'), null);
      assert.deepEqual((await jobs.completeTask(b.lease, done())).finishedGroups, ['data:t']);
      const index = await claim(jobs);
      assert.equal(index.task.key, 'index');
      assert.deepEqual((await taskStates(jobs, job.id)).finish, 'waiting');
      await jobs.completeTask(index.lease, done());
      assert.equal((await claim(jobs)).task.key, 'finish');
    });

    it('leaves a task whose group gets new work before the task is claimed', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [
        step('a', { group: 'g', bytes: 5 }),
        step('later', { waitsFor: ['g'], bytes: 1 }),
        step('spawner', { bytes: 9 }),
      ]);
      const [spawner, a] = [await claim(jobs), await claim(jobs)];
      await jobs.completeTask(a.lease, done());
      assert.equal((await taskStates(jobs, job.id)).later, 'ready');
      await jobs.completeTask(spawner.lease, done({ spawn: [step('b', { group: 'g' })] }));
      const b = await claim(jobs);
      assert.equal(b.task.key, 'b');
      assert.equal(await jobs.claimTask('w'), null);
      await jobs.completeTask(b.lease, done());
      assert.equal((await claim(jobs)).task.key, 'later');
    });

    it('leaves a task whose retry is in the future; nextRetryAt tells when it comes', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b', { bytes: 1 })]);
      assert.equal(await jobs.nextRetryAt(), null);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      const entry = { level: 'warn', event: 'note', message: 'again', data: {} } as const;
      await jobs.retryTask(a.lease, store.now() + 2000, [entry]);
      await jobs.retryTask(b.lease, store.now() + 1000);
      assert.equal((await jobs.readLog(job.id, 0, 100)).at(-1)?.message, 'again');
      assert.equal((await get(jobs, job.id)).running, 0);
      assert.equal(await jobs.nextRetryAt(), store.now() + 1000);
      assert.equal(await jobs.claimTask('w'), null);
      store.advance(1000);
      const again = await claim(jobs);
      assert.deepEqual([again.task.key, again.lease.attempt], ['b', 2]);
      assert.equal(await jobs.nextRetryAt(), store.now() + 1000);
      await jobs.requestStop(job.id);
      assert.equal(await jobs.nextRetryAt(), null, 'nothing comes of a job that stops');
    });
  });

  describe('completeTask', () => {
    it('keeps result and log, and replaces the estimates by the exact figures', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [
        unit('a', { bytes: big, rows: big }),
        unit('b', { bytes: 50, rows: 5 }),
      ]);
      assert.deepEqual(job.progress, {
        bytesDone: 0,
        bytesTotal: big + 50,
        rowsDone: 0,
        rowsTotal: big + 5,
        unitsDone: 0,
        unitsTotal: 2,
      });
      const a = await claim(jobs);
      await jobs.reportProgress(a.lease, { bytes: 7, rows: 1 });
      await jobs.reportProgress(a.lease, { bytes: 70, rows: 3 });
      assert.deepEqual((await get(jobs, job.id)).progress, {
        ...job.progress,
        bytesDone: 70,
        rowsDone: 3,
      });
      assert.equal((await jobs.tableProgress(job.id))[0]?.bytesDone, 70);
      const entry = { level: 'info', event: 'table', message: 'a done', data: { x: 1 } } as const;
      await jobs.completeTask(
        a.lease,
        done({ result: { digest: 'd' }, done: { bytes: big * 2, rows: 12 }, errors: 2, log: [entry] }),
      );
      const after = await get(jobs, job.id);
      assert.deepEqual(after.progress, {
        bytesDone: big * 2,
        bytesTotal: big * 2 + 50,
        rowsDone: 12,
        rowsTotal: 12 + 5,
        unitsDone: 1,
        unitsTotal: 2,
      });
      assert.equal(after.errorCount, 2);
      assert.deepEqual(await jobs.tableProgress(job.id), [
        {
          group: 'data:t',
          bytesDone: big * 2,
          bytesTotal: big * 2 + 50,
          rowsDone: 12,
          unitsDone: 1,
          unitsTotal: 2,
          failed: 0,
        },
      ]);
      const [record] = await jobs.tasks(job.id, 'data', 'data:t');
      assert.deepEqual(record, {
        key: 'a',
        kind: 'data',
        group: 'data:t',
        state: 'done',
        payload: { key: 'a' },
        result: { digest: 'd' },
        error: null,
      });
      const last = (await jobs.readLog(job.id, 0, 100)).at(-1);
      assert.deepEqual({ ...last, seq: 0, at: 0 }, { ...entry, seq: 0, at: 0 });
    });

    it('makes the job completed with the last unfinished task', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b')]);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      assert.equal((await jobs.completeTask(b.lease, done())).state, 'executing');
      store.advance(10);
      assert.equal((await jobs.completeTask(a.lease, done())).state, 'completed');
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.running, after.finishedAt], ['completed', 0, store.now()]);
      assert.equal(await jobs.claimTask('w'), null);
    });

    it('adds spawned tasks in the same transaction: all of them or none, and no end of the task', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      const plan = await claim(jobs);
      const before = await get(jobs, job.id);
      await rejects(
        jobs.completeTask(plan.lease, done({ spawn: [unit('a'), unit('b'), unit('a')], plan: { x: 1 } })),
        'internal',
      );
      await rejects(
        jobs.completeTask(plan.lease, done({ spawn: [step('s', { waitsFor: ['s'] })] })),
        'internal',
      );
      assert.deepEqual(await get(jobs, job.id), before);
      assert.deepEqual(await taskStates(jobs, job.id), { plan: 'running' });
    });

    it('takes a plan of many tasks', async () => {
      await using store = await open();
      const { jobs } = store;
      const groups = Array.from({ length: 250 }, (_, i) => `data:${i}`);
      const tasks = groups.flatMap((group, i) => [unit(`${i}a`, { group }), unit(`${i}b`, { group })]);
      const job = await plannedJob(jobs, [...tasks, finishStep(groups)]);
      assert.equal(job.progress.unitsTotal, 500);
      assert.equal((await jobs.tableProgress(job.id)).length, 250);
      let count = 0;
      for (let claimed = await claim(jobs); ; claimed = await claim(jobs)) {
        const { state } = await jobs.completeTask(claimed.lease, done());
        if (state === 'completed') break;
        count += 1;
      }
      assert.equal(count, 500);
    });
  });

  describe('failTask', () => {
    it('counts as error, lets dependents run, and the job go on', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), finishStep(['data:t'])]);
      const a = await claim(jobs);
      await jobs.reportProgress(a.lease, { bytes: 30, rows: 3 });
      const effect = await jobs.failTask(a.lease, failure, [
        { level: 'error', event: 'error', message: 'gone', data: {} },
      ]);
      assert.deepEqual(effect, { state: 'executing', finishedGroups: ['data:t'] });
      const after = await get(jobs, job.id);
      assert.deepEqual([after.errorCount, after.progress.bytesDone, after.running], [1, 0, 0]);
      assert.equal((await jobs.tableProgress(job.id))[0]?.failed, 1);
      assert.deepEqual((await jobs.tasks(job.id, 'data'))[0]?.error, failure);
      const finish = await claim(jobs);
      assert.equal(finish.task.key, 'finish');
      assert.equal((await jobs.completeTask(finish.lease, done())).state, 'completed');
      assert.equal((await get(jobs, job.id)).errorCount, 1);
    });
  });

  describe('releaseTask', () => {
    it('puts the task back to ready as if it had never been claimed', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const first = await claim(jobs);
      await jobs.reportProgress(first.lease, { bytes: 99, rows: 9 });
      await jobs.releaseTask(first.lease);
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.running], ['executing', 0]);
      assert.deepEqual(after.progress, job.progress);
      const second = await claim(jobs);
      assert.equal(second.lease.attempt, first.lease.attempt);
      assert.notEqual(second.lease.token, first.lease.token);
      assert.deepEqual([first.claims, second.claims], [1, 2], 'only the count of claims does not go back');
    });
  });

  describe('unclaimTask', () => {
    it('does not count a claim that was not used', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      await jobs.unclaimTask((await claim(jobs)).lease);
      assert.equal((await get(jobs, job.id)).running, 0);
      const { claims, lease } = await claim(jobs);
      assert.deepEqual([claims, lease.attempt], [1, 1]);
    });
  });

  describe('a first run that fails with file-exists', () => {
    const refusal: ErrorRecord = { ...failure, code: 'file-exists' };

    it('is not counted as a claim, and the error stays with the task', async () => {
      for (const verb of ['failJob', 'failTask'] as const) {
        await using store = await open();
        const { jobs } = store;
        const job = await plannedJob(jobs, [unit('a'), finishStep(['data:t'])]);
        await jobs[verb]((await claim(jobs)).lease, refusal);
        if (verb === 'failTask') await jobs.failJob((await claim(jobs)).lease, failure);
        await jobs.requestResume(job.id);
        assert.deepEqual(
          (await jobs.tasks(job.id, 'data')).map(({ error }) => error),
          [refusal],
        );
        const again = await claim(jobs);
        assert.deepEqual([again.task.key, again.claims], ['a', 1]);
        await jobs.releaseTask(again.lease);
        const third = await claim(jobs);
        assert.equal(third.claims, 2);
        await jobs.failJob(third.lease, refusal);
        await jobs.requestResume(job.id);
        assert.equal((await claim(jobs)).claims, 3, 'it may have left traces');
      }
    });

    it('is told to the plan after a restart, until that is made', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b')]);
      await jobs.failJob((await claim(jobs)).lease, refusal);
      await jobs.requestResume(job.id);
      for (let restarts = 0; restarts < 2; restarts += 1) {
        await jobs.restartJob((await claim(jobs)).lease, 'gone', []);
        assert.deepEqual((await jobs.tasks(job.id, 'plan'))[0]?.payload, { refused: [{ key: 'a' }] });
      }
      await jobs.completeTask((await claim(jobs)).lease, done({ spawn: [unit('b')] }));
      await jobs.restartJob((await claim(jobs)).lease, 'gone', []);
      assert.deepEqual((await claim(jobs)).task.payload, { refused: [] });
    });
  });

  describe('holdJob', () => {
    it('puts the task back as if never claimed, and gives out none of the job before the time', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b'), unit('c')]);
      const [a, b] = [await claim(jobs), await claim(jobs)];
      await jobs.reportProgress(a.lease, { bytes: 9, rows: 9 });
      const until = store.now() + 5_000;
      await jobs.holdJob(a.lease, until, 'the server is gone', [
        { level: 'warn', event: 'note', message: 'gone', data: {} },
      ]);
      await jobs.holdJob(b.lease, until - 1_000, 'it does not answer');
      const held = await get(jobs, job.id);
      assert.deepEqual([held.state, held.running, held.progress], ['executing', 0, job.progress]);
      assert.deepEqual(held.waitingFor, { message: 'it does not answer', until });
      assert.ok((await jobs.readLog(job.id, 0, 100)).some((entry) => entry.message === 'gone'));
      store.advance(4_999);
      assert.equal(await jobs.claimTask('w'), null);
      assert.equal(await jobs.nextRetryAt(), until, 'the later time counts');
      const other = await plannedJob(jobs, [unit('a')]);
      assert.equal((await claim(jobs)).job.id, other.id, 'other jobs go on');
      store.advance(1);
      assert.equal(await jobs.nextRetryAt(), null);
      const again = await claim(jobs);
      assert.deepEqual([again.lease.jobId, again.lease.attempt, again.claims], [job.id, 1, 2]);
      assert.equal(again.job.waitingFor?.until, until, 'while the next try goes on it is still to be seen');
      await jobs.completeTask(again.lease, done());
      assert.equal((await get(jobs, job.id)).waitingFor, null);
    });

    it('does not keep a stop, a resume or a cancel waiting', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const first = await claim(jobs);
      await jobs.requestStop(job.id);
      await jobs.holdJob(first.lease, store.now() + 60_000, 'gone');
      const stopped = await get(jobs, job.id);
      assert.deepEqual([stopped.state, stopped.waitingFor], ['stopped', null]);
      await jobs.requestResume(job.id);
      await jobs.holdJob((await claim(jobs)).lease, store.now() + 60_000, 'gone');
      await jobs.requestCancel(job.id);
      assert.equal((await get(jobs, job.id)).waitingFor, null);
      const cleanup = await claim(jobs);
      assert.equal(cleanup.task.kind, 'cleanup');
      // The cleanup itself can need a server that does not answer.
      await jobs.holdJob(cleanup.lease, store.now() + 60_000, 'gone');
      assert.equal(await jobs.claimTask('w'), null);
      assert.equal(await jobs.nextRetryAt(), store.now() + 60_000);
      store.advance(60_000);
      assert.equal((await claim(jobs)).task.kind, 'cleanup');
    });

    it('does not keep the cleanup waiting for a task that a cancel overtook', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const a = await claim(jobs);
      await jobs.requestCancel(job.id);
      await jobs.holdJob(a.lease, store.now() + 60_000, 'gone');
      assert.equal((await claim(jobs)).task.kind, 'cleanup');
    });
  });

  describe('a lease that is no longer the current one', () => {
    it('throws lease-lost and changes nothing, in every verb that carries it', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b')]);
      const { lease: stale } = await claim(jobs);
      await jobs.releaseTask(stale);
      const { lease: current } = await claim(jobs);
      const before = [
        await jobs.getJob(job.id),
        await jobs.tasks(job.id),
        await jobs.readLog(job.id, 0, 100),
      ];
      const forged = [
        stale,
        { ...current, token: 'x' },
        { ...current, attempt: 2 },
        { ...current, taskKey: 'b' },
        { ...current, jobId: 'x' },
      ];
      for (const lease of forged) {
        await rejects(jobs.reportProgress(lease, { bytes: 1, rows: 1 }), 'lease-lost');
        await rejects(jobs.completeTask(lease, done({ spawn: [unit('c')], plan: 1 })), 'lease-lost');
        await rejects(jobs.failTask(lease, failure), 'lease-lost');
        await rejects(jobs.retryTask(lease, 1), 'lease-lost');
        await rejects(jobs.holdJob(lease, 1, 'gone'), 'lease-lost');
        await rejects(jobs.releaseTask(lease), 'lease-lost');
        await rejects(jobs.failJob(lease, failure), 'lease-lost');
        await rejects(jobs.restartJob(lease, 'r', []), 'lease-lost');
      }
      const after = [await jobs.getJob(job.id), await jobs.tasks(job.id), await jobs.readLog(job.id, 0, 100)];
      assert.deepEqual(after, before);
      await jobs.completeTask(current, done());
      await rejects(jobs.completeTask(current, done()), 'lease-lost');
    });
  });
}
