import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finishStep, get, loggedStates, newJob, unit } from '../../test/conformance/job-store-fixture.ts';
import { openJobsFixture, type Script, stuck } from '../../test/harness/jobs-fixture.ts';
import { AppError } from '../core/errors.ts';

const units = (count: number) => Array.from({ length: count }, (_, i) => unit(`u${i}`));
const script = (changes: Partial<Script>): Script => ({
  plan: units(1),
  run: async () => undefined,
  ...changes,
});
const unreachable = () => new AppError('database-unreachable', { message: 'The server is gone.' });
const busy = () => new AppError('database-statement', { message: 'A deadlock.', temporary: true });
const broken = () => new AppError('database-statement', { message: 'No such column.' });

/** Something shared that tells when it is closed. */
const resource = (name: string, closed: string[]) => ({
  name,
  async [Symbol.asyncDispose]() {
    closed.push(name);
  },
});

describe('worker: tasks that end well', () => {
  it('runs plan, data and finish, and completes the job', async () => {
    await using fixture = await openJobsFixture(
      script({
        plan: [...units(5), finishStep(['data:t'])],
        run: async ({ task }, context) => {
          if (task.kind === 'finish') {
            const results = (await context.tasks('data')).map((record) => record.result);
            return { type: 'done', result: null, jobResult: results };
          }
          await context.note({ level: 'info', event: 'note', message: task.key, data: {} });
          return { type: 'done', result: task.key, done: { bytes: 7, rows: 1 } };
        },
        groupFinished: (_job, group, tasks) => [
          { level: 'info', event: 'table', message: `${group} ${tasks.length}`, data: {} },
        ],
      }),
    );
    const { id } = await fixture.start();
    const job = await fixture.reached(id, 'completed');
    assert.deepEqual(job.result, ['u0', 'u1', 'u2', 'u3', 'u4']);
    assert.deepEqual([job.progress.bytesDone, job.progress.bytesTotal, job.progress.unitsDone], [35, 35, 5]);
    const log = await fixture.store.readLog(id, 0, 100);
    assert.equal(log.filter((entry) => entry.event === 'table' && entry.message === 'data:t 5').length, 1);
    assert.equal(log.filter((entry) => entry.event === 'note').length, 5);
    assert.deepEqual(await loggedStates(fixture.store, id), [
      'queued',
      'planning',
      'executing',
      'completing',
      'completed',
    ]);
    assert.deepEqual(
      fixture.lines.filter((line) => line.level !== 'debug'),
      [],
    );
  });

  it('writes progress at most twice a second per task', async () => {
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          for (let i = 1; i <= 1000; i++) {
            context.progress({ bytes: i, rows: i });
            if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await fixture.until(
            async () => (await fixture.store.listJobs({ limit: 1 }))[0]!.progress.bytesDone === 1000,
          );
          return undefined;
        },
      }),
    );
    await fixture.reached((await fixture.start()).id, 'completed');
    assert.ok((fixture.calls.get('reportProgress') ?? 0) <= 2);
  });

  it('brings an outcome to a store that takes no writes for a while', async () => {
    let refusals = 2;
    await using fixture = await openJobsFixture(script({}), {
      wrap: (store) => ({
        completeTask: (lease, completion) => {
          if (refusals === 0 || lease.taskKey === 'plan') return store.completeTask(lease, completion);
          refusals -= 1;
          return Promise.reject(new AppError('data-folder-unwritable', { message: 'The disk is full.' }));
        },
      }),
    });
    await fixture.reached((await fixture.start()).id, 'completed');
    assert.equal(refusals, 0);
  });

  it('fails a job of a kind that nothing here runs', async () => {
    await using fixture = await openJobsFixture(script({}));
    const request = { ...newJob().request, kind: 'export' } as never;
    const job = await fixture.reached((await fixture.start({ request })).id, 'failed');
    assert.equal(job.error?.code, 'internal');
  });
});

describe('worker: tasks that fail', () => {
  it('tries a temporary error again, and tells so in the job log', async () => {
    const attempts: number[] = [];
    await using fixture = await openJobsFixture(
      script({
        run: async ({ lease }) => {
          attempts.push(lease.attempt);
          if (lease.attempt < 3) throw busy();
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    const job = await fixture.reached(id, 'completed');
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(job.errorCount, 0);
    const notes = (await fixture.store.readLog(id, 0, 100)).filter((entry) => entry.level === 'warn');
    assert.equal(notes.length, 2);
    assert.match(notes[0]?.message ?? '', /^t: A deadlock\. .+ Trying again in 0\.0 s \(attempt 1 of 3\)\.$/);
  });

  it('fails the task after the last attempt, and the job goes on', async () => {
    await using fixture = await openJobsFixture(
      script({
        plan: [...units(2), finishStep(['data:t'])],
        run: async ({ task }) => {
          if (task.key === 'u1') throw busy();
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    const job = await fixture.reached(id, 'completed');
    assert.equal(job.errorCount, 1);
    const record = (await fixture.store.tasks(id)).find((task) => task.key === 'u1');
    assert.deepEqual([record?.state, record?.error?.code], ['failed', 'database-statement']);
    const errors = (await fixture.store.readLog(id, 0, 100)).filter((entry) => entry.event === 'error');
    assert.deepEqual(
      errors.map((entry) => [entry.message, entry.data]),
      [['t: A deadlock.', { code: 'database-statement', object: 't' }]],
    );
  });

  it('does not try a permanent error again; what is no AppError is internal', async () => {
    let runs = 0;
    await using fixture = await openJobsFixture(
      script({
        plan: units(2),
        run: async ({ task }) => {
          runs += 1;
          throw task.key === 'u0' ? broken() : new Error('a defect');
        },
      }),
    );
    const { id } = await fixture.start();
    const job = await fixture.reached(id, 'completed');
    assert.deepEqual([runs, job.errorCount], [2, 2]);
    const codes = (await fixture.store.tasks(id, 'data')).map((task) => task.error?.code);
    assert.deepEqual(codes, ['database-statement', 'internal']);
    assert.ok(fixture.lines.some((line) => line.level === 'error'));
  });

  it('tries an abort that nobody asked for again, instead of running it for ever', async () => {
    let runs = 0;
    await using fixture = await openJobsFixture(
      script({
        run: async () => {
          runs += 1;
          throw new DOMException('inner time-out', 'AbortError');
        },
      }),
    );
    await fixture.reached((await fixture.start()).id, 'completed');
    assert.equal(runs, 3);
  });

  it('fails the job where the handler says so: other tasks are interrupted, shared things closed; a resume goes on', async () => {
    const closed: string[] = [];
    let ended = 0;
    let healed = false;
    await using fixture = await openJobsFixture(
      script({
        plan: units(3),
        onError: () => 'fail-job',
        run: async ({ task }, context) => {
          await context.shared('session', async () => resource('session', closed));
          if (healed) return undefined;
          if (task.key === 'u0') {
            await fixture.until(async () => (await fixture.store.listJobs({ limit: 1 }))[0]?.running === 3);
            throw broken();
          }
          await stuck(context.signal).finally(() => {
            assert.deepEqual(closed, [], 'shared things outlive the tasks');
            ended += 1;
          });
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    const failed = await fixture.reached(id, 'failed');
    assert.equal(failed.error?.code, 'database-statement');
    await fixture.until(() => closed.length === 1);
    assert.equal(ended, 2);
    healed = true;
    await fixture.resume(id);
    await fixture.reached(id, 'completed');
    await fixture.until(() => closed.length === 2);
  });

  it('just stops when the lease is lost', async () => {
    let interruption: unknown;
    await using fixture = await openJobsFixture(
      script({
        run: async ({ lease }, context) => {
          if (lease.attempt > 1 || interruption !== undefined) return undefined;
          await fixture.store.recover('local');
          context.progress({ bytes: 1, rows: 1 });
          await stuck(context.signal).catch((reason: unknown) => {
            interruption = reason;
            fixture.changed();
            throw reason;
          });
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(() => interruption !== undefined);
    assert.ok(interruption instanceof AppError && interruption.kind === 'lease_lost');
    fixture.dispatcher.notify();
    const job = await fixture.reached(id, 'completed');
    assert.equal(job.errorCount, 0);
  });
});

describe('worker: a server that does not answer', () => {
  it('lets the whole job wait, tells of it once, and goes on', async () => {
    let runs = 0;
    let away = true;
    await using fixture = await openJobsFixture(
      script({
        plan: units(20),
        run: async ({ lease }) => {
          runs += 1;
          if (runs === 12) away = false;
          if (away) throw unreachable();
          assert.equal(lease.attempt, 1, 'waiting costs no attempts');
          return undefined;
        },
      }),
      { outage: { patienceMs: 60_000, firstDelayMs: 5, maxDelayMs: 20 } },
    );
    const { id } = await fixture.start();
    const job = await fixture.reached(id, 'completed');
    assert.equal(job.errorCount, 0);
    const notes = (await fixture.store.readLog(id, 0, 100)).filter((entry) => entry.event === 'note');
    assert.deepEqual(
      notes.map((entry) => entry.level),
      ['warn', 'info'],
    );
    assert.match(
      notes[0]?.message ?? '',
      /^t: The server is gone\. Check that .+ right\. The job waits, and tries again for 60 s\.$/,
    );
    assert.match(notes[1]?.message ?? '', /^The job goes on after \d+ s of waiting\.$/);
  });

  it('gives up when the patience is at its end, and a resume begins with a fresh one', async () => {
    let away = true;
    await using fixture = await openJobsFixture(
      script({
        plan: units(3),
        onError: () => 'fail-job',
        run: async () => {
          if (away) throw unreachable();
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    const failed = await fixture.reached(id, 'failed');
    assert.equal(failed.error?.code, 'database-unreachable');
    away = false;
    await fixture.resume(id);
    await fixture.reached(id, 'completed');
  });

  it('does not renew the patience of a task when others go through', async () => {
    await using fixture = await openJobsFixture(
      script({
        plan: units(2000),
        run: async ({ task }) => {
          if (task.key === 'u1') throw unreachable();
          await new Promise((resolve) => setTimeout(resolve, 1));
          return undefined;
        },
      }),
      { maxRunning: 2 },
    );
    const { id } = await fixture.start({ threads: 2 });
    await fixture.until(async () => (await get(fixture.store, id)).errorCount === 1);
    assert.notEqual((await get(fixture.store, id)).state, 'completed', 'it failed while others were to come');
    await fixture.cancel(id);
    await fixture.reached(id, 'cancelled');
  });

  it('can be stopped and cancelled while it waits', async () => {
    await using fixture = await openJobsFixture(
      script({
        run: async ({ task }) => {
          if (task.kind === 'data') throw unreachable();
          return undefined;
        },
      }),
      { outage: { patienceMs: 600_000, firstDelayMs: 300_000, maxDelayMs: 300_000 } },
    );
    const { id } = await fixture.start();
    await fixture.until(() => fixture.calls.has('holdJob'));
    assert.equal((await get(fixture.store, id)).waitingFor?.message, 'The server is gone.');
    await fixture.stop(id);
    assert.equal((await fixture.reached(id, 'stopped')).waitingFor, null);
    await fixture.resume(id);
    await fixture.until(() => fixture.calls.get('holdJob') === 2);
    await fixture.cancel(id);
    await fixture.reached(id, 'cancelled');
  });
});

describe('worker: a lost snapshot', () => {
  for (const how of ['outcome', 'error'] as const) {
    it(`starts the job again by ${how}, after its other tasks have ended and shared things are closed`, async () => {
      const events: string[] = [];
      await using fixture = await openJobsFixture(
        script({
          plan: units(3),
          run: async ({ task, job }, context) => {
            await context.shared('a', async () => resource('a', events));
            await context.shared('b', async () => resource('b', events));
            if (job.restarts > 0) return undefined;
            if (task.key === 'u0') {
              await fixture.until(async () => (await get(fixture.store, job.id)).running === 3);
              if (how === 'outcome') return { type: 'restart', reason: 'gone' };
              throw new AppError('snapshot-lost', { message: 'gone' });
            }
            await stuck(context.signal).finally(() => events.push('task'));
            return undefined;
          },
        }),
        {
          wrap: (store) => ({
            restartJob: (lease, reason, keep) => {
              events.push('restart');
              return store.restartJob(lease, reason, keep);
            },
          }),
        },
      );
      const { id } = await fixture.start();
      const job = await fixture.reached(id, 'completed');
      assert.deepEqual(events.slice(0, 5), ['task', 'task', 'b', 'a', 'restart']);
      assert.equal(job.restarts, 1);
      assert.deepEqual(job.plan, { planned: 1 });
      await fixture.until(() => events.length === 7);
    });
  }

  it('starts the job again once when several tasks notice', async () => {
    await using fixture = await openJobsFixture(
      script({
        plan: units(4),
        run: async ({ job }) => {
          if (job.restarts > 0) return undefined;
          await fixture.until(async () => {
            const now = await get(fixture.store, job.id);
            return now.running === 4 || now.restarts > 0;
          });
          return { type: 'restart', reason: 'gone' };
        },
      }),
    );
    const job = await fixture.reached((await fixture.start()).id, 'completed');
    assert.equal(job.restarts, 1);
  });

  it('fails the job when it happens again and again', async () => {
    await using fixture = await openJobsFixture(
      script({
        run: async () => ({ type: 'restart', reason: 'idle time-out' }),
        onError: () => 'fail-job',
      }),
    );
    const job = await fixture.reached((await fixture.start()).id, 'failed');
    assert.equal(job.error?.code, 'snapshot-lost');
    assert.match(job.error?.message ?? '', /again 25 times.*idle time-out/);
  });
});

describe('worker: what tasks share', () => {
  it('is opened once, also by tasks at the same time, and closed newest first when the job has completed', async () => {
    const closed: string[] = [];
    let opened = 0;
    await using fixture = await openJobsFixture(
      script({
        plan: units(4),
        run: async (_claimed, context) => {
          for (const name of ['first', 'second']) {
            const shared = await context.shared(name, async () => {
              opened += 1;
              await new Promise((resolve) => setImmediate(resolve));
              return resource(name, closed);
            });
            assert.equal(shared.name, name);
          }
          return undefined;
        },
      }),
    );
    await fixture.reached((await fixture.start()).id, 'completed');
    await fixture.until(() => closed.length === 2);
    assert.deepEqual([opened, closed], [2, ['second', 'first']]);
  });

  it('is opened anew after a rejected open', async () => {
    let opened = 0;
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          await context.shared('session', async () => {
            opened += 1;
            if (opened === 1) throw unreachable();
            return resource('session', []);
          });
          return undefined;
        },
      }),
    );
    const job = await fixture.reached((await fixture.start()).id, 'completed');
    assert.deepEqual([opened, job.errorCount], [2, 0]);
  });

  it('is opened anew when it is lost, and the lost one is closed in the end', async () => {
    const closed: string[] = [];
    let opened = 0;
    await using fixture = await openJobsFixture(
      script({
        plan: units(2),
        run: async (_claimed, context) => {
          const losing = new AbortController();
          await context.shared('session', async () => {
            opened += 1;
            return { ...resource(`session ${opened}`, closed), lost: losing.signal };
          });
          losing.abort();
          return undefined;
        },
      }),
      { maxRunning: 1 },
    );
    await fixture.reached((await fixture.start()).id, 'completed');
    await fixture.until(() => closed.length === 2);
    assert.deepEqual([opened, closed], [2, ['session 2', 'session 1']]);
  });

  it('is closed although one of them cannot be', async () => {
    const closed: string[] = [];
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          await context.shared('good', async () => resource('good', closed));
          await context.shared('bad', async () => ({
            [Symbol.asyncDispose]: () => Promise.reject(new Error('will not close')),
          }));
          return undefined;
        },
      }),
    );
    await fixture.reached((await fixture.start()).id, 'completed');
    await fixture.until(() => closed.length === 1);
    assert.ok(fixture.lines.some((line) => line.message === 'a shared resource could not be closed'));
  });
});
