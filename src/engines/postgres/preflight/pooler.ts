import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding, type Purpose } from './finding.ts';

const pidQuery = 'SELECT pg_catalog.pg_backend_pid()';

/**
 * A pooler gives itself away by the number of the process, which it makes up. If a second session then works in the very process that
 * served the first one, which is still open, processes are handed from transaction to transaction.
 */
export async function poolerFinding(
  connection: Connection,
  openAnother: (signal: AbortSignal) => Promise<Connection>,
  purpose: Purpose,
  signal: AbortSignal,
): Promise<Finding> {
  const pidOf = async (each: Connection): Promise<number> =>
    Number((await each.query(pidQuery, signal))[0]?.[0]);
  const pid = await pidOf(connection);
  if (pid === connection.raw.processId) {
    return finding('green', 'pooler', 'The connection leads to the database server itself.');
  }
  await using other = await openAnother(signal);
  // The first session is asked again, so that its process is the one that was used last.
  const shared = (await pidOf(connection)) === (await pidOf(other));
  if (shared && !(await takesTransactions(other, signal))) {
    return finding(
      'red',
      'pooler',
      'A connection pooler stands before the database server and takes no transactions.',
      'Connect to the server itself, or to a pooler that keeps whole sessions (pool_mode=session).',
    );
  }
  if (!shared) {
    return finding(
      'amber',
      'pooler',
      'A connection pooler stands between this machine and the database server.',
      'Connect to the server itself: a pooler limits the connections, and may end sessions that take long.',
    );
  }
  return finding(
    purpose === 'export' ? 'red' : 'amber',
    'pooler',
    'A connection pooler stands before the database server and hands its sessions from transaction to transaction: settings of the session get lost, or change those of others.',
    'Connect to the server itself, or to a pooler that keeps whole sessions (pool_mode=session).',
  );
}

/** A pooler of statements throws out who begins a transaction, at once or with the next statement. */
async function takesTransactions(connection: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    await connection.query('BEGIN', signal);
    await connection.query('ROLLBACK', signal);
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}
