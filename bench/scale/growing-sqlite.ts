import { mkdir } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { locateDataFolder } from '../../src/config/data-folder.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { startServiceProcess } from '../../test/harness/service-process.ts';
import type { TestFolder } from '../../test/harness/with-folder.ts';
import { type GrowingStore, growingTables } from './growing-store.ts';
import { timeClaims } from './time-claims.ts';

/** The embedded store. */
export async function openSqliteGrowth(folder: TestFolder): Promise<GrowingStore> {
  const data = folder.join('data');
  const file = locateDataFolder(data).storeFile;
  const withFile = <T>(work: (database: Database.Database) => T): T => {
    const database = new Database(file);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const withStore = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    await using store = await openSqliteStore({
      path: file,
      clock: systemClock,
      log: createLogger({ level: 'error' }),
    });
    return await work(store);
  };
  return {
    name: 'SQLite',
    directory: 'DATA_PUMP_DIR',
    start: (flags) => startServiceProcess({ data, flags }),
    prepare: async () => {
      await mkdir(folder.join('dumps'), { recursive: true });
    },
    sql: {
      run: async (sql) => withFile((database) => void database.exec(sql)),
      rows: async (sql) => withFile((database) => database.prepare(sql).all() as Record<string, unknown>[]),
      columns: async (table) =>
        withFile((database) =>
          (database.pragma(`table_info(${table})`) as { readonly name: string }[]).map(({ name }) => name),
        ),
    },
    claims: (times) =>
      withStore(({ jobs }) => timeClaims(times, () => jobs.claimTask('bench'), jobs.completeTask)),
    async plans(jobId) {
      const statements = await recorded(() =>
        withStore(async ({ jobs }) => {
          await timeClaims(3, () => jobs.claimTask('bench'), jobs.completeTask);
          await jobs.nextRetryAt();
          await jobs.listJobs({ limit: 100 });
          await jobs.listJobs({ limit: 100, states: ['completed'] });
          await jobs.getJob(jobId);
          await jobs.tableProgress(jobId);
          await jobs.readLog(jobId, 0, 100);
          await jobs.tasks(jobId);
          await jobs.claimMail(0);
        }),
      );
      return withFile((database) => statements.flatMap((sql) => planOf(database, sql)).toSorted());
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The texts of the statements that are prepared while `work` runs. */
async function recorded(work: () => Promise<void>): Promise<readonly string[]> {
  const texts = new Set<string>();
  const { prepare } = Database.prototype;
  Database.prototype.prepare = function (this: Database.Database, sql: string) {
    texts.add(sql);
    return prepare.call(this, sql);
  } as typeof prepare;
  try {
    await work();
  } finally {
    Database.prototype.prepare = prepare;
  }
  return [...texts].filter((sql) => /^(select|update|delete)/i.test(sql));
}

function planOf(database: Database.Database, sql: string): readonly string[] {
  const statement = database.prepare(`EXPLAIN QUERY PLAN ${sql}`);
  const values = Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => 0);
  const steps = (statement.all(...values) as { readonly detail: string }[]).map(({ detail }) => detail);
  const reads = steps.filter((step) => /^(SCAN|SEARCH)/.test(step));
  if (!reads.some((step) => growingTables.includes(step.split(' ')[1] ?? ''))) return [];
  const isThrough = reads.some(
    (step) => /^SCAN \w+$/.test(step) && growingTables.includes(step.slice('SCAN '.length)),
  );
  return [`${isThrough ? '  WHOLE TABLE' : '  ok'}: ${sql.slice(0, 90)} ... : ${reads.join('; ')}`];
}
