import type { TableName } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import { quoteQualified } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { withLockHolder } from './lock-holder.ts';

const undefinedTable = '42P01';
const savepoint = 'pumphouse_hold_tables';

/** Tables locked here whose rows are in another file than the snapshot knows. */
const movedQuery = `
SELECT n.nspname, c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relfilenode <> 0 AND n.nspname !~ '^pg_'
  AND c.oid IN (SELECT relation FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessShareLock')
  AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode
LIMIT 1`;

/**
 * Locks `tables`, in the transaction that holds the snapshot, so that nobody drops, truncates, alters or rewrites them while
 * it lasts (pg_dump does the same). Throws `snapshot-lost` when that has happened already, `database-locked`, naming
 * the table and the session, when somebody has one locked for longer than lock_timeout, `database-privilege` naming a table that may not be read.
 */
export async function holdTables(
  holder: Connection,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<void> {
  if (tables.length === 0) return;
  const names = tables.map((table) => `ONLY ${quoteQualified(table)}`).join(', ');
  try {
    // Without the savepoint a failure would end the transaction, and the snapshot with it.
    await holder.query(`SAVEPOINT ${savepoint}; LOCK TABLE ${names} IN ACCESS SHARE MODE`, signal);
    const [moved] = await holder.query(movedQuery, signal);
    if (moved !== undefined) {
      const name = quoteQualified({ schema: moved[0] as string, name: moved[1] as string });
      throw changed(`The table ${name} was truncated or rewritten after the snapshot was taken.`);
    }
    await holder.query(`RELEASE SAVEPOINT ${savepoint}`, signal);
  } catch (error) {
    if (holder.isIdle) await holder.query(`ROLLBACK TO SAVEPOINT ${savepoint}`, signal);
    if (error instanceof ServerError && error.sqlState === undefinedTable) {
      throw changed(`A table was dropped or renamed after the snapshot was taken: ${error.message}.`, error);
    }
    throw await withLockHolder(error, tables, (work) => work(holder), signal);
  }
}

const changed = (message: string, cause?: unknown): AppError =>
  new AppError('snapshot-lost', { message, operation: 'lock tables', cause });
