import Database from 'better-sqlite3';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import { createDocumentCache } from './documents.ts';
import { newestVersion } from './migrate.ts';
import { bringUpToDate } from './postgres/postgres-store.ts';
import { classifyStoreError, isRaced } from './postgres/store-errors.ts';
import { createStorePool, schemaPatience } from './postgres/store-pool.ts';
import { describeStore, type StoreAddress } from './postgres/store-url.ts';
import { recoverIn } from './return-task.ts';
import type { StoreSchema } from './schema.ts';
import { classifySqliteError } from './sqlite-connection.ts';
import type { StoreContext, Trx } from './store-context.ts';

/** Every table that holds something of a store, each behind those that it refers to. */
export const copiedTables = [
  'counter',
  'store_setting',
  'credential',
  'database',
  'directory',
  'api_document',
  'user_account',
  'access_key',
  'audit',
  'job',
  'job_document',
  'job_snapshot',
  'job_use',
  'task',
  'task_group',
  'task_wait',
  'job_log',
  'schedule',
  'due_run',
  'event',
  'backup_policy',
  'backup',
  'workspace',
  'workspace_item',
  'definition_version',
] as const satisfies readonly (keyof StoreSchema)[];

/** What is of a database alone: its version, and the processes that are on it now. */
export const leftTables = ['schema_version', 'instance'] as const satisfies readonly (keyof StoreSchema)[];

export interface CopyStoreOptions {
  /** The file of the embedded store. */
  readonly file: string;
  readonly target: StoreAddress;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Rows that were copied, by table. */
export type CopiedRows = Readonly<Record<string, number>>;

/** Of one insert: what all its parameters hold, and how many rows. */
const batchChars = 4 * 1024 * 1024;
const batchRows = 500;

/**
 * Copies an embedded store into an empty shared one, in one transaction, with all ids and numbers. Nobody may use the source meanwhile, which stays as it is;
 * tasks that were running when its last process died are ready in the target. Throws `data-folder-locked`, `store-version` (the source is of another version),
 * `store-refused` (also when the target holds anything), `store-unavailable`.
 */
export async function copyStore({ file, target, clock, log }: CopyStoreOptions): Promise<CopiedRows> {
  using source = openSource(file);
  await bringUpToDate(target, clock, log);
  const name = describeStore(target);
  const classify = (error: unknown, operation: string) => classifyStoreError(error, operation, name);
  const db = new Kysely<StoreSchema>({
    dialect: new PostgresDialect({ pool: createStorePool(target, log, schemaPatience, 1) }),
  });
  const context: StoreContext = {
    db,
    clock,
    documents: createDocumentCache(),
    classify,
    isRaced,
    sharing: null,
  };
  try {
    return await db.transaction().execute(async (trx) => {
      await refuseFilled(trx, name);
      const copied: Record<string, number> = {};
      for (const table of copiedTables) copied[table] = await copyTable(source, trx, table);
      for (const { worker_id } of await trx.selectFrom('task').select('worker_id').distinct().execute()) {
        if (worker_id !== null) await recoverIn(context, trx, worker_id);
      }
      return copied;
    });
  } catch (error) {
    throw classify(error, 'take over the store of the data folder');
  } finally {
    await db.destroy();
  }
}

interface Source extends Disposable {
  count(table: string): number;
  rows(table: string): Iterable<Readonly<Record<string, unknown>>>;
}

/** Holds the file's lock until it is disposed, so that no service starts on it meanwhile. */
function openSource(file: string): Source {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true, timeout: 100 });
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('begin exclusive');
    const open = database;
    const version = Number(open.prepare('select max(version) from schema_version').pluck().get());
    if (version !== newestVersion) {
      throw new AppError('store-version', {
        message: `The job store ${file} has schema version ${version}; this Pumphouse copies version ${newestVersion}.`,
        hint: 'Bring it to this version first: pumphouse store migrate, without PUMPHOUSE_STORE.',
      });
    }
    return {
      count: (table) => Number(open.prepare(`select count(*) from "${table}"`).pluck().get()),
      rows: (table) =>
        open.prepare<[], Readonly<Record<string, unknown>>>(`select * from "${table}"`).iterate(),
      [Symbol.dispose]: () => open.close(),
    };
  } catch (error) {
    database?.close();
    throw classifySqliteError(error, 'copy the job store', file);
  }
}

/** Locks the tables that others would begin with. */
async function refuseFilled(trx: Trx, name: string): Promise<void> {
  await sql`lock table ${sql.join(copiedTables.map((table) => sql.table(table)))} in exclusive mode`.execute(
    trx,
  );
  for (const table of copiedTables) {
    if (table === 'counter') continue;
    const { count } = await trx
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count === 0) continue;
    throw new AppError('store-refused', {
      message: `The store ${name} is not empty: its table ${table} holds ${count} ${count === 1 ? 'row' : 'rows'}.`,
      hint: 'Copy into a database without a store. To begin anew: drop schema pumphouse cascade.',
    });
  }
}

async function copyTable(source: Source, trx: Trx, table: (typeof copiedTables)[number]): Promise<number> {
  await trx.deleteFrom(table).execute();
  let batch: Readonly<Record<string, unknown>>[] = [];
  let chars = 0;
  const flush = async (): Promise<void> => {
    // The columns are the same: both were made by the same migrations.
    if (batch.length > 0)
      await trx
        .insertInto(table)
        .values(batch as never)
        .execute();
    batch = [];
    chars = 0;
  };
  for (const row of source.rows(table)) {
    batch.push(row);
    for (const value of Object.values(row)) chars += typeof value === 'string' ? value.length : 8;
    if (batch.length >= batchRows || chars >= batchChars) await flush();
  }
  await flush();
  const { count } = await trx
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const expected = source.count(table);
  if (count !== expected) {
    throw new AppError('internal', {
      message: `The table ${table} has ${count} rows in the copy and ${expected} in the data folder; nothing was copied.`,
    });
  }
  return count;
}
