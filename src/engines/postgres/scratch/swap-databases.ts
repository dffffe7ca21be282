import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../core/errors.ts';
import { quoteIdentifier } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { settingStatements } from './database-settings.ts';

/** The names of a swap, as they are before it. */
export interface SwapNames {
  /** What everybody uses; its name is the new one's in the end. */
  readonly live: string;
  /** What takes its place. */
  readonly fresh: string;
  /** What the live one is called afterwards. */
  readonly old: string;
}

/**
 * Puts one database in the place of another: two renames and what belongs to the database itself, in one transaction, so that there is no moment between.
 * Whoever comes meanwhile waits at the door (a rename locks it before it looks who is inside) and is let into the new one, or told to come again.
 * @param connection in neither of them
 * @param aside another one, which ends the sessions in them
 */
export async function swapDatabases(
  connection: Connection,
  aside: Connection,
  { live, fresh, old }: SwapNames,
  signal: AbortSignal,
): Promise<void> {
  const rows = await connection.queryWith(
    'SELECT datname FROM pg_catalog.pg_database WHERE datname = $1 OR datname = $2 OR datname = $3',
    [live, fresh, old],
    signal,
  );
  const there = new Set(rows.map(([name]) => name));
  // An earlier call came to its end.
  if (there.has(live) && there.has(old) && !there.has(fresh)) return;
  for (const name of [live, fresh]) if (!there.has(name)) throw missing(name);
  if (there.has(old)) throw taken(old);
  for (const name of [live, fresh]) await refusePrepared(connection, name, signal);

  await connection.query(
    `BEGIN; SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'`,
    signal,
  );
  try {
    const settings = await settingStatements(connection, live, live, signal);
    await rename(connection, aside, live, old, signal);
    await rename(connection, aside, fresh, live, signal);
    await connection.query([...settings, 'COMMIT'].join('\n'), signal);
  } catch (error) {
    // A connection that broke has taken the transaction with it.
    if (connection.isIdle) {
      await connection.query('ROLLBACK', new AbortController().signal).catch(() => undefined);
    }
    throw error;
  }
}

/** Between two looks at who is still in the database: new ones come for as long as the door is not locked. */
const endPauseMs = 50;
/** Somebody is in the database. */
const objectInUse = '55006';
const insufficientPrivilege = '42501';

/** Renames a database; who is in it is put out while the server, which waits 5 s for that, has it locked. */
async function rename(
  connection: Connection,
  aside: Connection,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  let isOver = false;
  const renaming = connection
    .query(`ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`, signal)
    .finally(() => {
      isOver = true;
    });
  const settled = renaming.catch(() => undefined);
  while (!isOver) {
    await endSessions(aside, from, signal);
    await Promise.race([settled, sleep(endPauseMs)]);
  }
  try {
    await renaming;
  } catch (error) {
    if (!(error instanceof ServerError) || error.sqlState !== objectInUse) throw error;
    const sessions = await aside.queryWith(sessionsQuery, [from], signal);
    throw inUse(from, sessions.map(([pid, user]) => `session ${pid} of ${user}`).join(', '), error);
  }
}

const sessionsQuery = `SELECT pid, coalesce(usename::text, backend_type) FROM pg_catalog.pg_stat_activity
WHERE datname = $1 ORDER BY pid`;

async function endSessions(aside: Connection, name: string, signal: AbortSignal): Promise<void> {
  for (const [pid] of await aside.queryWith(sessionsQuery, [name], signal)) {
    try {
      await aside.queryWith('SELECT pg_catalog.pg_terminate_backend($1::int4)', [pid ?? null], signal);
    } catch (error) {
      // One that this user may not end: it may leave by itself, and else the server says that it is there.
      if (!(error instanceof ServerError) || error.sqlState !== insufficientPrivilege) throw error;
    }
  }
}

/** Prepared transactions belong to no session that could be ended, and the server waits for them in vain. */
async function refusePrepared(connection: Connection, name: string, signal: AbortSignal): Promise<void> {
  const rows = await connection.queryWith(
    'SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = $1 ORDER BY prepared LIMIT 10',
    [name],
    signal,
  );
  if (rows.length > 0) throw inUse(name, `prepared transaction ${rows.map(([gid]) => gid).join(', ')}`);
}

const inUse = (name: string, by: string, cause?: ServerError): AppError =>
  new AppError('database-locked', {
    message: `The database ${name} cannot be renamed, because it is in use: ${by}.`,
    hint: 'End those sessions, or let the user end them (GRANT pg_signal_backend); end prepared transactions with COMMIT PREPARED or ROLLBACK PREPARED.',
    operation: 'swap databases',
    cause,
  });

const missing = (name: string): AppError =>
  new AppError('database-missing', {
    message: `The server has no database ${name} any more.`,
    hint: 'Look at the databases of the server: one was renamed or dropped by somebody else.',
    operation: 'swap databases',
  });

const taken = (name: string): AppError =>
  new AppError('object-exists', {
    message: `The server has a database ${name} already, so that the old one cannot be called so.`,
    hint: `Rename or drop the database ${name}.`,
    operation: 'swap databases',
  });
