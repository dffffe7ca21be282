import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding } from './finding.ts';

const namedLocks = 5;

/** Who has, or waits for, a lock on a table that lets nobody read it; whoever waits blocks those who come later as well. */
const locksQuery = `
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), l.pid, a.usename, l.granted,
  pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)), count(*) OVER ()
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_'
ORDER BY a.xact_start, 1 LIMIT ${namedLocks}`;

/** Locks of others that are in the way now. */
export async function locksFinding(connection: Connection, signal: AbortSignal): Promise<Finding> {
  const rows = await connection.query(locksQuery, signal);
  if (rows.length === 0) return finding('green', 'locks', 'No other session keeps a table to itself.');
  const named = rows.map(([table, pid, user, granted, seconds]) => {
    const who =
      pid === null ? 'a prepared transaction' : `session ${pid}${user === null ? '' : ` of ${user}`}`;
    const since = seconds === null ? '' : ` for ${seconds} s`;
    return `${table}: ${who} ${granted === 't' ? 'has held' : 'has waited for'} the lock${since}`;
  });
  const more = Number(rows[0]?.[5]) - rows.length;
  return finding(
    'amber',
    'locks',
    `Other sessions keep tables to themselves: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`,
    'Wait until they end, or end them with SELECT pg_terminate_backend(PID); the job waits 15 s for a lock, and tries again.',
  );
}

/** A transaction that is prepared for longer is not about to be ended. */
const oldSeconds = 60;

const preparedQuery = `
SELECT count(*), pg_catalog.min(gid), pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.min(prepared)))
FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database() AND prepared < pg_catalog.clock_timestamp() - $1::int4 * interval '1 second'`;

/** Prepared transactions that nobody ends keep their locks for ever. */
export async function preparedFinding(
  connection: Connection,
  signal: AbortSignal,
  olderThanSeconds = oldSeconds,
): Promise<Finding> {
  const [row] = await connection.queryWith(preparedQuery, [String(olderThanSeconds)], signal);
  const [count, first, seconds] = row as readonly string[];
  return count === '0'
    ? finding('green', 'prepared-transactions', 'No prepared transaction is left open.')
    : finding(
        'amber',
        'prepared-transactions',
        `${count} prepared transactions are open, for up to ${seconds} s, among them ${JSON.stringify(first)}; they keep their locks.`,
        'COMMIT PREPARED or ROLLBACK PREPARED those that nobody will end.',
      );
}
