import { AppError } from '../../../core/errors.ts';
import type { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';

/** Who keeps process $1 waiting for a lock, but for the sessions of this pool ($2): those end by themselves. */
const query = `
SELECT b.pid, a.usename, a.state
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int4)) AS b(pid)
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
WHERE b.pid NOT IN (SELECT pg_catalog.jsonb_array_elements_text($2::jsonb)::int4)
ORDER BY b.pid LIMIT 1`;

/**
 * Does `work`, which waits for locks as long as it takes, since other lanes of the job may build indexes for hours. When it waits for
 * somebody else for longer than `patienceMs`, ends it with `database-locked`, naming who it is. Behind a pooler nobody is named.
 */
export async function watchBlockers<T>(
  pool: ConnectionPool,
  connection: Connection,
  patienceMs: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  let suspect: string | null = null;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    const blocker = await findBlocker(pool, connection, signal);
    const repeated = blocker !== null && blocker === suspect;
    suspect = blocker;
    if (!repeated || connection.isIdle) return;
    connection.destroy(
      new AppError('database-locked', {
        message: `${blocker} holds a lock that this job waits for.`,
        hint: 'End that session, or let it end its transaction; the work goes on then.',
        operation: 'wait for a lock',
      }),
    );
  };
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => undefined);
  }, patienceMs / 2);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await looking;
  }
}

async function findBlocker(
  pool: ConnectionPool,
  connection: Connection,
  signal: AbortSignal,
): Promise<string | null> {
  const values = [String(connection.raw.processId), JSON.stringify(pool.processIds)];
  const [row] = await pool.useAside(signal, (aside) => aside.queryWith(query, values, signal));
  if (row === undefined) return null;
  const [pid, user, state] = row;
  if (pid === '0') return 'A prepared transaction';
  return `Session ${pid}${user == null ? '' : ` of ${user}`}${state == null ? '' : ` (${state})`}`;
}
