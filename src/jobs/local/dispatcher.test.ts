import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  claim,
  done,
  get,
  loggedStates,
  newJob,
  taskStates,
  unit,
} from '../../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../../test/harness/http-fixture.ts';
import { openJobsFixture, type Script, stuck } from '../../../test/harness/jobs-fixture.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import { systemClock } from '../../base/clock.ts';
import { AppError } from '../../core/errors.ts';
import { openSqliteStore } from '../../store/sqlite-store.ts';

const units = (count: number) => Array.from({ length: count }, (_, i) => unit(`u${i}`));
const script = (changes: Partial<Script>): Script => ({
  plan: units(1),
  run: async () => undefined,
  ...changes,
});

/** Counts who runs at once, over all and per job. */
function createCensus() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const count = (key: string, step: number): void => {
    now.set(key, (now.get(key) ?? 0) + step);
    most.set(key, Math.max(most.get(key) ?? 0, now.get(key) ?? 0));
  };
  return {
    most: (key: string) => most.get(key),
    async during(id: string, work: () => Promise<unknown>): Promise<void> {
      for (const key of ['all', id]) count(key, 1);
      await work();
      for (const key of ['all', id]) count(key, -1);
    },
  };
}

/** A few turns of the event loop: long enough for everything that is about to start. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('local dispatcher: who runs', () => {
  it('fills the threads of a job, and never more than them', async () => {
    const census = createCensus();
    await using fixture = await openJobsFixture(
      script({
        plan: units(12),
        run: async ({ job }) => {
          await census.during(job.id, turns);
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start({ threads: 3 });
    await fixture.reached(id, 'completed');
    assert.equal(census.most(id), 3);
  });

  it('runs no more tasks than it has slots, over all jobs', async () => {
    const census = createCensus();
    await using fixture = await openJobsFixture(
      script({
        plan: units(4),
        run: async ({ job }) => {
          await census.during(job.id, turns);
          return undefined;
        },
      }),
      { maxRunning: 2 },
    );
    const jobs = await Promise.all([1, 2, 3].map(() => fixture.start()));
    for (const { id } of jobs) await fixture.reached(id, 'completed');
    assert.equal(census.most('all'), 2);
  });

  it('gives slots that come free to the job with fewer running tasks: a big job does not keep a small one waiting', async () => {
    const order: string[] = [];
    const letGo = new Map<string, () => void>();
    await using fixture = await openJobsFixture(
      script({
        plan: units(6),
        run: async ({ job, task }) => {
          order.push(job.id);
          const { promise, resolve } = Promise.withResolvers<void>();
          letGo.set(`${job.id}/${task.key}`, resolve);
          fixture.changed();
          await promise;
          return undefined;
        },
      }),
      { maxRunning: 2 },
    );
    const big = await fixture.start({ threads: 2 });
    await fixture.until(() => order.length === 2);
    const small = await fixture.start({ threads: 2 });
    const releaseOne = async (count: number): Promise<void> => {
      const [key, resolve] = [...letGo][0] ?? assert.fail('something runs');
      letGo.delete(key);
      resolve();
      await fixture.until(() => order.length === count);
    };
    // The plan of the small job takes the first slot; from then on both have one.
    await releaseOne(3);
    assert.equal(order[2], small.id);
    await releaseOne(4);
    assert.deepEqual(order.slice(2).toSorted(), [big.id, small.id].toSorted());
    await fixture.cancel(big.id);
    await fixture.cancel(small.id);
    for (const resolve of letGo.values()) resolve();
  });

  it('looks again when a retry is due, without being told', async () => {
    await using fixture = await openJobsFixture(
      script({
        run: async ({ lease }) => {
          if (lease.attempt === 1) throw new AppError('database-timeout', { message: 'slow' });
          return undefined;
        },
      }),
      { retry: { attempts: 2, firstDelayMs: 60, maxDelayMs: 60 } },
    );
    await fixture.reached((await fixture.start()).id, 'completed');
  });

  it('goes on after the store has refused a claim', async () => {
    let refusals = 1;
    await using fixture = await openJobsFixture(script({}), {
      wrap: (store) => ({
        claimTask: (workerId) => {
          if (refusals === 0) return store.claimTask(workerId);
          refusals -= 1;
          return Promise.reject(new AppError('data-folder-unwritable', { message: 'The disk is full.' }));
        },
      }),
    });
    await fixture.until(() => refusals === 0);
    assert.ok(fixture.lines.some((line) => line.level === 'error'));
    await fixture.reached((await fixture.start()).id, 'completed');
  });
});

describe('local dispatcher: stop and cancel', () => {
  it('stops running work that is stuck in I/O, closes what it shared, and resumes where it was', async () => {
    const closed: string[] = [];
    let stopped = false;
    await using fixture = await openJobsFixture(
      script({
        plan: units(3),
        run: async ({ task }, context) => {
          await context.shared('session', async () => ({
            [Symbol.asyncDispose]: async () => {
              closed.push('session');
              fixture.changed();
            },
          }));
          if (task.key !== 'u0' && !stopped) await stuck(context.signal);
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(async () => {
      const { u0, u1, u2 } = await taskStates(fixture.store, id);
      return u0 === 'done' && u1 === 'running' && u2 === 'running';
    });
    await fixture.stop(id);
    const job = await fixture.reached(id, 'stopped');
    stopped = true;
    assert.equal(job.running, 0);
    await fixture.until(() => closed.length === 1);
    assert.deepEqual(await taskStates(fixture.store, id), {
      plan: 'done',
      u0: 'done',
      u1: 'ready',
      u2: 'ready',
    });
    await fixture.resume(id);
    await fixture.reached(id, 'completed');
    assert.deepEqual((await loggedStates(fixture.store, id)).slice(2), [
      'executing',
      'stopping',
      'stopped',
      'queued',
      'executing',
      'completed',
    ]);
  });

  it('takes an interrupted task for interrupted, whatever it throws', async () => {
    let runs = 0;
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          runs += 1;
          if (runs > 1) return undefined;
          fixture.changed();
          await stuck(context.signal).catch(() => {
            throw new AppError('database-statement', { message: 'canceling statement due to user request' });
          });
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(() => runs === 1);
    await fixture.stop(id);
    await fixture.reached(id, 'stopped');
    await fixture.resume(id);
    assert.equal((await fixture.reached(id, 'completed')).errorCount, 0);
  });

  it('lets a task of a resumed job wait until the old ones have ended and shared things are closed', async () => {
    const events: string[] = [];
    const closing = Promise.withResolvers<void>();
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          events.push('run');
          await context.shared('session', async () => ({
            [Symbol.asyncDispose]: async () => {
              events.push('closing');
              fixture.changed();
              await closing.promise;
              events.push('closed');
            },
          }));
          fixture.changed();
          if (events.length === 1) await stuck(context.signal);
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(() => events.length === 1);
    await fixture.stop(id);
    await fixture.reached(id, 'stopped');
    await fixture.until(() => events.length === 2);
    await fixture.resume(id);
    await fixture.reached(id, 'executing');
    await turns();
    assert.deepEqual(events, ['run', 'closing']);
    closing.resolve();
    await fixture.reached(id, 'completed');
    assert.deepEqual(events.slice(0, 4), ['run', 'closing', 'closed', 'run']);
  });

  it('gives the cleanup of a cancelled job once nothing else of it runs', async () => {
    const events: string[] = [];
    await using fixture = await openJobsFixture(
      script({
        plan: units(3),
        run: async ({ task, job }, context) => {
          if (task.kind === 'cleanup') {
            events.push('cleanup');
            assert.deepEqual(job.plan, { planned: 0 });
            return undefined;
          }
          await stuck(context.signal).finally(() => events.push('end'));
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(async () => (await get(fixture.store, id)).running === 3);
    await fixture.cancel(id);
    await fixture.reached(id, 'cancelled');
    assert.deepEqual(events, ['end', 'end', 'end', 'cleanup']);
  });

  it('reaches a task that is just being claimed', async () => {
    let runs = 0;
    let stopping = true;
    await using fixture = await openJobsFixture(
      script({
        run: async (_claimed, context) => {
          runs += 1;
          if (stopping) await stuck(context.signal);
          return undefined;
        },
      }),
      {
        wrap: (store) => ({
          claimTask: async (workerId) => {
            const claimed = await store.claimTask(workerId);
            if (stopping && claimed?.task.kind === 'data') await fixture.stop(claimed.job.id);
            return claimed;
          },
        }),
      },
    );
    const { id } = await fixture.start();
    await fixture.reached(id, 'stopped');
    assert.equal(runs, 0);
    stopping = false;
    await fixture.resume(id);
    await fixture.reached(id, 'completed');
  });
});

describe('local dispatcher: start and drain', () => {
  it('goes on with what a process that died was running', async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/store.sqlite`;
      const before = await openSqliteStore({ path, clock: systemClock, log: createMemoryLog().log });
      const { job } = await before.jobs.createJob(newJob());
      await before.jobs.completeTask((await claim(before.jobs, 'local')).lease, done({ spawn: units(2) }));
      await claim(before.jobs, 'local');
      await before.close();

      await using fixture = await openJobsFixture(script({}), { path });
      await fixture.reached(job.id, 'completed');
      assert.ok(fixture.lines.some((line) => line.message === 'tasks of an ended process go on'));
    });
  });

  it('lets running tasks end within the grace, and takes no new ones', async () => {
    const going = Promise.withResolvers<void>();
    await using fixture = await openJobsFixture(
      script({
        plan: units(2),
        run: async () => {
          fixture.changed();
          await going.promise;
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start({ threads: 1 });
    await fixture.until(async () => (await taskStates(fixture.store, id)).u0 === 'running');
    const drained = fixture.dispatcher.drain(20_000);
    going.resolve();
    await drained;
    assert.deepEqual(await taskStates(fixture.store, id), { plan: 'done', u0: 'done', u1: 'ready' });
    fixture.dispatcher.notify();
    await turns();
    assert.equal((await taskStates(fixture.store, id)).u1, 'ready');
  });

  it('interrupts and releases what has not ended by then, and closes what was shared', async () => {
    const closed: string[] = [];
    await using fixture = await openJobsFixture(
      script({
        plan: units(2),
        run: async (_claimed, context) => {
          await context.shared('session', async () => ({
            [Symbol.asyncDispose]: async () => {
              closed.push('session');
            },
          }));
          await stuck(context.signal);
          return undefined;
        },
      }),
    );
    const { id } = await fixture.start();
    await fixture.until(async () => (await get(fixture.store, id)).running === 2);
    await fixture.dispatcher.drain(10);
    const job = await get(fixture.store, id);
    assert.deepEqual([job.state, job.running], ['executing', 0]);
    assert.deepEqual(await taskStates(fixture.store, id), { plan: 'done', u0: 'ready', u1: 'ready' });
    assert.deepEqual(closed, ['session']);
  });
});
