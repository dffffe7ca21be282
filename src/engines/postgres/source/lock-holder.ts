import type { TableName } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import { quoteQualified } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

const lockNotAvailable = '55P03';

/** Who has, or waits for, a lock on one of the tables that lets nobody read it. */
const holderQuery = `
SELECT n.nspname, c.relname, l.pid, a.usename, a.state, l.granted
FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
JOIN pg_catalog.pg_locks l ON l.relation = c.oid AND l.mode = 'AccessExclusiveLock'
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
ORDER BY l.granted DESC, a.xact_start LIMIT 1`;

/**
 * The error of a read that came to lock_timeout, with the table and the session that keeps it; any other error, and one whose cause is gone
 * by now, as it is. `ask` lends a connection on which statements can run.
 */
export async function withLockHolder(
  error: unknown,
  tables: readonly TableName[],
  ask: <T>(work: (connection: Connection) => Promise<T>) => Promise<T>,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof ServerError) || error.sqlState !== lockNotAvailable) return error;
  const names = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })));
  const [row] = await ask((connection) => connection.queryWith(holderQuery, [names], signal)).catch(() => []);
  if (row === undefined) return error;
  const [schema, name, pid, user, state, granted] = row;
  const table = quoteQualified({ schema: schema as string, name: name as string });
  const session = `session ${pid}${user === null ? '' : ` of ${user}`}${state === null ? '' : ` (${state})`}`;
  return new AppError('database-locked', {
    message: `The table ${table} cannot be read: ${pid === null ? 'a prepared transaction' : session} ${granted === 't' ? 'has it locked' : 'waits to have it locked'}.`,
    hint:
      pid === null
        ? 'End that transaction with COMMIT PREPARED or ROLLBACK PREPARED (pg_prepared_xacts names it).'
        : `Wait until that session ends its transaction, or end it with SELECT pg_terminate_backend(${pid}).`,
    operation: 'lock tables',
    context: { sqlState: lockNotAvailable },
    cause: error,
  });
}
