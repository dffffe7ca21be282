import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { unit } from '../../../test/conformance/job-store-fixture.ts';
import { stuck } from '../../../test/harness/jobs-fixture.ts';
import { type PostgresServer, startPostgres } from '../../../test/harness/postgres.ts';
import {
  openSharedJobs,
  type SharedJobs,
  type SharedScript,
  until,
} from '../../../test/harness/shared-jobs.ts';
import { startTcpProxy } from '../../../test/harness/tcp-proxy.ts';
import type { TaskSpec } from '../job-store.ts';

const units = (count: number): readonly TaskSpec[] =>
  Array.from({ length: count }, (_, index) => unit(`u${String(index).padStart(3, '0')}`));

/** Work that counts what runs at once, and which instance ran what. */
function census() {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  const ran: { readonly instance: string; readonly job: string; readonly task: string }[] = [];
  const run: SharedScript['run'] = async ({ job, task }, _context, instance) => {
    ran.push({ instance, job: job.id, task: task.key });
    running.set(job.id, (running.get(job.id) ?? 0) + 1);
    most.set(job.id, Math.max(most.get(job.id) ?? 0, running.get(job.id) ?? 0));
    await sleep(5);
    running.set(job.id, (running.get(job.id) ?? 0) - 1);
    return undefined;
  };
  return { run, most, ran };
}

describe('dispatcher on pg-boss', { timeout: 120_000 }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 18 });
  });
  after(() => server[Symbol.asyncDispose]());

  /** As many instances as wanted, which run the script. */
  const openAll = async (
    script: SharedScript,
    count: number,
    options: { readonly maxRunning?: number } = {},
  ): Promise<SharedJobs> => {
    const shared = await openSharedJobs(server, script);
    await Promise.all(
      Array.from({ length: count }, (_, index) => shared.open({ name: `i${index}`, ...options })),
    );
    return shared;
  };
  /** Nothing is left of jobs that rest. */
  const assertTidy = async (shared: SharedJobs): Promise<void> => {
    await until(async () => {
      const rows = await shared.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM pumphouse_queue.job WHERE data->>'slot' IS NOT NULL",
      );
      return rows[0]?.n === 0;
    });
  };

  it('runs the tasks of a job over all instances, each once and never more than its threads at once', async () => {
    const { run, most, ran } = census();
    await using shared = await openAll({ plan: () => units(40), run }, 3, { maxRunning: 4 });
    const job = await shared.start({ threads: 5 });
    const done = await shared.reached(job.id, 'completed');
    assert.equal(done.running, 0);
    assert.deepEqual(
      ran.map(({ task }) => task).toSorted(),
      units(40).map(({ key }) => key),
    );
    assert.ok((most.get(job.id) ?? 0) <= 5);
    assert.ok(new Set(ran.map(({ instance }) => instance)).size > 1, 'more than one instance took part');
    await assertTidy(shared);
  });

  it('lets a job with many tasks not keep one with few waiting', async () => {
    const { run, ran } = census();
    await using shared = await openAll({ plan: (job) => units(job.database === 'big' ? 80 : 2), run }, 2, {
      maxRunning: 2,
    });
    const big = await shared.start({ database: 'big', threads: 4 });
    await until(() => ran.length > 10);
    const small = await shared.start({ threads: 4 });
    await shared.reached(small.id, 'completed');
    assert.equal((await shared.job(big.id)).state, 'executing');
    await shared.instances[0]?.store.jobs.requestCancel(big.id);
  });

  it('takes jobs of a higher priority first', async () => {
    const order: string[] = [];
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    await using shared = await openAll(
      {
        plan: () => units(1),
        run: async ({ job }) => {
          if (job.database === 'first') await gate;
          else order.push(job.database);
          return undefined;
        },
      },
      1,
      { maxRunning: 1 },
    );
    await shared.start({ database: 'first' });
    await until(
      async () => (await shared.query('SELECT FROM pumphouse.task WHERE state = $$running$$')).length > 0,
    );
    const low = await shared.start({ database: 'low', priority: -5 });
    await shared.start({ database: 'usual' });
    await shared.start({ database: 'high', priority: 5 });
    open();
    await shared.reached(low.id, 'completed');
    assert.deepEqual(order, ['high', 'usual', 'low']);
  });

  it('reaches tasks of all instances with a stop and a cancel, and resumes', async () => {
    const cleanups: string[] = [];
    let isStuck = true;
    await using shared = await openAll(
      {
        plan: () => units(6),
        run: async ({ task }, context, instance) => {
          if (task.kind === 'cleanup') cleanups.push(instance);
          else if (isStuck) await stuck(context.signal);
          return undefined;
        },
      },
      3,
      { maxRunning: 2 },
    );
    const [first] = shared.instances;
    assert.ok(first);
    const job = await shared.start({ threads: 6 });
    await until(async () => (await shared.job(job.id)).running === 6);
    await first.store.jobs.requestStop(job.id);
    await shared.reached(job.id, 'stopped');
    await first.store.jobs.requestResume(job.id);
    await until(async () => (await shared.job(job.id)).running === 6);
    await first.store.jobs.requestCancel(job.id);
    await shared.reached(job.id, 'cancelled');
    assert.equal(cleanups.length, 1);
    isStuck = false;
    const other = await shared.start();
    await shared.reached(other.id, 'completed');
    await until(() => shared.instances.every(({ worker }) => worker.openJobs().length === 0));
    await assertTidy(shared);
  });

  it('closes what is shared in every instance when the job rests or restarts elsewhere', async () => {
    const open = new Set<string>();
    let restarts = 0;
    await using shared = await openAll(
      {
        plan: () => units(12),
        run: async ({ job, task }, context, instance) => {
          await context.shared('session', async () => {
            open.add(`${instance}/${job.restarts}`);
            return {
              [Symbol.asyncDispose]: async () => {
                open.delete(`${instance}/${job.restarts}`);
              },
            };
          });
          await until(() => open.size > 1 || job.restarts > 0 || context.signal.aborted);
          context.signal.throwIfAborted();
          if (task.key === 'u003' && restarts === 0) {
            restarts += 1;
            return { type: 'restart', reason: 'the snapshot is gone' };
          }
          return undefined;
        },
      },
      2,
      { maxRunning: 2 },
    );
    const job = await shared.start({ threads: 4 });
    const done = await shared.reached(job.id, 'completed');
    assert.equal(done.restarts, 1);
    await until(() => open.size === 0);
  });

  it('gives tasks back at the time of their retry', async () => {
    await using shared = await openAll(
      {
        plan: () => units(1),
        run: async ({ lease }, context) => {
          if (lease.attempt === 1) throw new Error('once');
          await context.confirm();
          return undefined;
        },
      },
      2,
    );
    const job = await shared.start();
    const waiting = await shared.reached(job.id, 'completed');
    assert.equal(waiting.errorCount, 1);
  });

  it('keeps at home what no other can join, and hands it to everybody when that instance leaves', async () => {
    const ran = new Set<string>();
    const { promise: gate, resolve: letGo } = Promise.withResolvers<void>();
    await using shared = await openAll(
      {
        plan: () => units(20),
        staysHere: ({ restarts }) => restarts === 0,
        run: async (_claimed, context, instance) => {
          ran.add(instance);
          await Promise.race([gate, stuck(context.signal)]);
          return undefined;
        },
      },
      2,
      { maxRunning: 3 },
    );
    const job = await shared.start({ threads: 6 });
    await until(async () => (await shared.job(job.id)).running === 3);
    assert.equal(ran.size, 1);
    const [home] = [...ran];
    const instance = shared.instances.find(({ name }) => name === home);
    assert.ok(instance);
    await instance.dispatcher.drain(0);
    const other = shared.instances.find(({ name }) => name !== home);
    await other?.store.tickets.buryInstances(60_000);
    await until(() => ran.size === 2);
    letGo();
    await until(async () => (await other?.store.jobs.getJob(job.id))?.state === 'completed');
  });

  it('goes on by itself after a restart of the server, without losing a task', async () => {
    const { run, ran } = census();
    await using shared = await openAll({ plan: () => units(30), run }, 2, { maxRunning: 2 });
    const job = await shared.start({ threads: 4 });
    await until(() => ran.length > 4);
    await server.restart();
    await until(async () => {
      const state = await shared.job(job.id).then(
        (found) => found.state,
        () => 'unknown',
      );
      return state === 'completed';
    });
    const tasks = await shared.instances[0]?.store.jobs.tasks(job.id, 'data');
    assert.ok(tasks?.every(({ state }) => state === 'done'));
    // Once away and once back: an outage is told, but not with every call.
    for (const { lines } of shared.instances) {
      const told = lines.filter(({ message }) => message.startsWith('the ticket queue does not answer'));
      assert.ok(told.filter(({ level }) => level === 'warn').length <= 2);
    }
  });

  it('takes over from an instance that was cut off, which then writes nothing', async () => {
    const proxy = await startTcpProxy(server.port);
    const began: string[] = [];
    const ended: string[] = [];
    await using shared = await openSharedJobs(server, {
      plan: () => units(1),
      run: async (_claimed, context, instance) => {
        began.push(instance);
        if (instance === 'cut') await stuck(context.signal).finally(() => ended.push(instance));
        return undefined;
      },
    });
    const database =
      (await shared.query<{ name: string }>('SELECT current_database() AS name'))[0]?.name ?? '';
    const url = new URL(server.url(database));
    url.host = `${proxy.host}:${proxy.port}`;
    const cut = await shared.open({ name: 'cut', url: url.href });
    const job = await shared.start();
    await until(() => began.length === 1);
    proxy.silence();
    await using healthy = await shared.open({ name: 'healthy' });
    // What ten seconds without a heartbeat come to.
    await shared.query(
      "UPDATE pumphouse_queue.job SET heartbeat_on = now() - interval '11 s' WHERE state = 'active'",
    );
    await until(async () => (await healthy.store.jobs.getJob(job.id))?.state === 'completed');
    assert.deepEqual(began, ['cut', 'healthy']);
    await proxy.mend();
    proxy.hear();
    await until(() => ended.length === 1);
    await until(() => cut.worker.openJobs().length === 0);
    const tasks = await healthy.store.jobs.tasks(job.id, 'data');
    assert.deepEqual(
      tasks.map(({ state }) => state),
      ['done'],
    );
    await cut[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
});
