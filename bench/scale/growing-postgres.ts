import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { createBoss } from '../../src/jobs/pg-boss/boss.ts';
import {
  commonQueue,
  createTicketQueue,
  makeQueue,
  takeTickets,
} from '../../src/jobs/pg-boss/ticket-queue.ts';
import type { HeldTicket } from '../../src/jobs/tickets.ts';
import { openPostgresStore, type SharedStore } from '../../src/store/postgres/postgres-store.ts';
import { startPostgres } from '../../test/harness/postgres.ts';
import { sharedDirectory, storeDatabase } from '../../test/harness/pumphouse-cluster.ts';
import { startServiceProcess } from '../../test/harness/service-process.ts';
import type { TestFolder } from '../../test/harness/with-folder.ts';
import { type ClaimTimes, type GrowingStore, growingTables } from './growing-store.ts';
import { timeClaims } from './time-claims.ts';

/** A store that instances share, with its tickets. */
export async function openPostgresGrowth(folder: TestFolder): Promise<GrowingStore> {
  // Durable as one that is in earnest: what a commit costs belongs to it.
  const server = await startPostgres({
    settings: { fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB' },
  });
  await server.createDatabase(storeDatabase);
  const environment = {
    PUMPHOUSE_STORE: server.url(storeDatabase),
    PUMPHOUSE_WALLET_KEY: randomBytes(32).toString('base64'),
  };
  const rows = (sql: string) => server.query(storeDatabase, `SET search_path = pumphouse; ${sql}`);
  const start = (flags: readonly string[]) =>
    startServiceProcess({ data: folder.join('data'), flags, environment });
  const claims = (times: number) =>
    withTickets(server.url(storeDatabase), (...parts) => claimBy(times, ...parts));
  return {
    name: 'PostgreSQL',
    directory: sharedDirectory,
    start,
    async prepare(service) {
      const dumps = folder.join('dumps');
      await mkdir(dumps);
      await service.request('POST', '/api/v1/directories', {
        name: sharedDirectory,
        path: dumps,
        shared: true,
      });
    },
    sql: {
      run: async (sql) => void (await rows(sql)),
      rows,
      columns: async (table) =>
        (
          await rows(
            `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'pumphouse' AND table_name = '${table}'`,
          )
        ).map(({ name }) => String(name)),
    },
    claims,
    async plans(jobId) {
      const explained = { session_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': '0' };
      for (const [name, value] of Object.entries(explained))
        await server.query('postgres', `ALTER DATABASE ${storeDatabase} SET ${name} = '${value}'`);
      const service = await start(['--workers', '1']);
      for (const resource of [
        '?limit=100',
        '?limit=100&state=completed',
        `/${jobId}`,
        `/${jobId}/log`,
        `/${jobId}/tables`,
      ])
        await service.request('GET', `/api/v1/jobs${resource}`);
      await service.kill();
      await claims(3);
      return plansOf(server.log());
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function withTickets(
  url: string,
  work: (store: SharedStore, take: () => Promise<HeldTicket | undefined>) => Promise<ClaimTimes>,
): Promise<ClaimTimes> {
  const log = createLogger({ level: 'error' });
  const boss = createBoss({ connection: { connectionString: url }, log });
  await boss.start();
  try {
    await makeQueue(boss, commonQueue);
    await using store = await openPostgresStore({
      url: new Secret(url),
      clock: systemClock,
      log,
      instance: 'bench',
      tickets: createTicketQueue(boss),
    });
    return await work(store, async () => (await takeTickets(boss, commonQueue, 1))[0]);
  } finally {
    await boss.stop({ graceful: false });
  }
}

/** As an instance does: a ticket is fetched, then the task; the ticket is passed on when the task has ended. */
function claimBy(
  times: number,
  { jobs, tickets }: SharedStore,
  take: () => Promise<HeldTicket | undefined>,
): Promise<ClaimTimes> {
  let held: HeldTicket | undefined;
  return timeClaims(
    times,
    async () => {
      for (;;) {
        held = await take();
        const claimed = held === undefined ? null : await tickets.claimWith(held);
        // A reminder, or the ticket of a job that has gone on otherwise.
        if (claimed !== null || held === undefined) return claimed;
      }
    },
    async (...completion) => {
      const effect = await jobs.completeTask(...completion);
      if (held !== undefined) await tickets.passOn(held);
      return effect;
    },
  );
}

/** What auto_explain wrote about statements that read growing tables. */
function plansOf(log: string): readonly string[] {
  const lines = new Set<string>();
  for (const [, query = '', plan = ''] of log.matchAll(/Query Text: (.*)\n((?:\t.*\n)+)/g)) {
    const reads = [...plan.matchAll(/((?:Seq|Index|Index Only|Bitmap Heap) Scan)[^\n]*? on (\w+)/g)].map(
      ([, how, table]) => ({ how, table: table ?? '' }),
    );
    if (!reads.some(({ table }) => growingTables.includes(table))) continue;
    const isThrough = reads.some(({ how, table }) => how === 'Seq Scan' && growingTables.includes(table));
    const told = reads.map(({ how, table }) => `${how} on ${table}`).join('; ');
    lines.add(`${isThrough ? '  WHOLE TABLE' : '  ok'}: ${query.trim().slice(0, 90)} ... : ${told}`);
  }
  return [...lines].toSorted();
}
