import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { unit } from '../../../test/conformance/job-store-fixture.ts';
import { type PostgresServer, startPostgres } from '../../../test/harness/postgres.ts';
import { createRandom, type Random } from '../../../test/harness/random.ts';
import {
  openSharedJobs,
  type SharedInstance,
  type SharedJobs,
  until,
} from '../../../test/harness/shared-jobs.ts';
import { startTcpProxy, type TcpProxy } from '../../../test/harness/tcp-proxy.ts';
import { AppError } from '../../core/errors.ts';
import type { ClaimedTask } from '../job-store.ts';

/** PUMPHOUSE_TEST_DISPATCH=60: that many runs, each of a seed of its own. */
const runs = Number(process.env.PUMPHOUSE_TEST_DISPATCH ?? 1);
const steps = 25;

interface Member {
  readonly instance: SharedInstance;
  readonly proxy: TcpProxy;
  isCut: boolean;
}

/** Instances that come, leave, are cut off and come back, while jobs run, are stopped, resumed and cancelled. */
async function campaign(server: PostgresServer, random: Random): Promise<void> {
  const script = {
    plan: () => Array.from({ length: random.between(1, 12) }, (_, index) => unit(`u${index}`)),
    async run({ job, task, lease }: ClaimedTask) {
      await sleep(random.between(0, 30));
      if (task.kind === 'cleanup') return undefined;
      if (lease.attempt === 1 && random.next() < 0.1) {
        throw new AppError('database-statement', { message: 'No.', temporary: true });
      }
      return { type: 'done', result: `${job.id}/${task.key}`, done: { bytes: 1, rows: 1 } } as const;
    },
  };
  await using shared = await openSharedJobs(server, script);
  const [row] = await shared.query<{ name: string }>('SELECT current_database() AS name');
  const members: Member[] = [];
  await using proxies = new AsyncDisposableStack();
  const join = async (): Promise<void> => {
    const proxy = proxies.use(await startTcpProxy(server.port));
    const url = new URL(server.url(row?.name));
    url.host = `${proxy.host}:${proxy.port}`;
    const instance = await shared.open({ url: url.href, maxRunning: random.between(1, 4) });
    members.push({ instance, proxy, isCut: false });
  };
  // The first one reads what the test asks, and stays.
  await shared.open({ name: 'steady', maxRunning: 1 });
  await join();
  await join();

  const jobs: { readonly id: string; isCancelled: boolean }[] = [];
  const pick = <T>(list: readonly T[]): T | undefined => list[random.between(0, list.length - 1)];
  const [steady] = shared.instances;
  assert.ok(steady);
  const ask = async (request: () => Promise<unknown>): Promise<boolean> => {
    try {
      await request();
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'job-state') return false;
      throw error;
    }
  };
  const actions: readonly (() => Promise<unknown>)[] = [
    async () =>
      jobs.push({ id: (await shared.start({ threads: random.between(1, 5) })).id, isCancelled: false }),
    async () =>
      jobs.push({ id: (await shared.start({ priority: random.between(-2, 2) })).id, isCancelled: false }),
    () => (members.length < 4 ? join() : Promise.resolve()),
    async () => {
      const leaver = pick(members.filter(({ isCut }) => !isCut));
      if (leaver === undefined) return;
      members.splice(members.indexOf(leaver), 1);
      await leaver.instance[Symbol.asyncDispose]();
    },
    async () => {
      const victim = pick(members);
      if (victim === undefined || victim.isCut) return;
      victim.proxy.silence();
      victim.isCut = true;
    },
    async () => mend(pick(members)),
    () => ageTickets(shared, random),
    async () => {
      const job = pick(jobs);
      if (job !== undefined) await ask(() => steady.store.jobs.requestStop(job.id));
    },
    async () => {
      const job = pick(jobs);
      if (job === undefined || random.next() < 0.7) return;
      if (await ask(() => steady.store.jobs.requestCancel(job.id))) job.isCancelled = true;
    },
    async () => {
      const job = pick(jobs);
      if (job !== undefined && !job.isCancelled) await ask(() => steady.store.jobs.requestResume(job.id));
    },
  ];
  for (let step = 0; step < steps; step += 1) {
    await pick(actions)?.();
    await sleep(random.between(0, 80));
  }

  for (const member of members) await mend(member);
  const open = new Set(jobs);
  await until(async () => {
    for (const job of open) {
      const { state } = await shared.job(job.id);
      if (state === 'stopped' || state === 'failed') await ask(() => steady.store.jobs.requestResume(job.id));
      if (state === 'completed' || state === 'cancelled') open.delete(job);
    }
    // Those that were cut off hold tickets that nobody hears of.
    await ageTickets(shared, random);
    return open.size === 0;
  });
  for (const { id, isCancelled } of jobs) {
    const job = await shared.job(id);
    assert.equal(job.running, 0);
    if (job.state === 'cancelled') {
      assert.ok(isCancelled);
      continue;
    }
    const tasks = await steady.store.jobs.tasks(id, 'data');
    assert.ok(tasks.length > 0);
    for (const { key, state, result, error } of tasks) {
      assert.deepEqual([state, result], ['done', `${id}/${key}`], JSON.stringify(error));
    }
    assert.deepEqual(
      [job.progress.unitsDone, job.progress.rowsDone],
      [tasks.length, tasks.length],
      'what a unit has done is counted once',
    );
  }
  await until(async () => {
    const rows = await shared.query("SELECT FROM pumphouse_queue.job WHERE data->>'slot' IS NOT NULL");
    return rows.length === 0;
  });
}

async function mend(member: Member | undefined): Promise<void> {
  if (member?.isCut !== true) return;
  member.proxy.hear();
  await member.proxy.mend();
  member.isCut = false;
}

/** Makes some of the holders of tickets silent for longer than they may be; one by one, since a statement for several could wait in a circle. */
async function ageTickets(shared: SharedJobs, random: Random): Promise<void> {
  const held = await shared.query<{ id: string }>(
    "SELECT id FROM pumphouse_queue.job WHERE state = 'active'",
  );
  for (const { id } of held) {
    if (random.next() < 0.6) continue;
    await shared.query(
      `UPDATE pumphouse_queue.job SET heartbeat_on = now() - interval '11 s' WHERE id = '${id}' AND state = 'active'`,
    );
  }
}

describe('dispatch under random faults', { timeout: 240_000 * runs }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({ version: 16 });
  });
  after(() => server[Symbol.asyncDispose]());

  for (let run = 0; run < runs; run += 1) {
    it(`loses no job and does no unit twice: run ${run + 1}`, async (test) => {
      const random = createRandom();
      test.diagnostic(`PUMPHOUSE_TEST_SEED=${random.seed}`);
      await campaign(server, random);
    });
  }
});
