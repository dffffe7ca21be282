import { AppError } from '../../core/errors.ts';
import type { PostgresTarget } from './database-url.ts';
import { nameKept } from './session-label.ts';
import { connect, type RawConnection, sendCancel } from './wire/connect.ts';
import { Connection } from './wire/connection.ts';
import { ServerError } from './wire/messages.ts';
import { Silence } from './wire/silence.ts';

export interface ConnectorOptions {
  /** How long connecting and authenticating may take, unless the URL says another (connect_timeout). */
  readonly connectTimeoutMs: number;
  /** After so long without a byte from a server whose turn it is, it is asked over another connection whether it lives. */
  readonly silenceMs: number;
}

/** Opens connections to one database. */
export interface Connector {
  readonly target: PostgresTarget;
  open(signal: AbortSignal): Promise<Connection>;
  openRaw(signal: AbortSignal): Promise<OwnConnection>;
}

/** For who speaks the protocol himself; disposing ends the connection, and what runs on it. */
export interface OwnConnection extends RawConnection, AsyncDisposable {
  /** To be told whose turn it is, and when something came. */
  readonly silence: Silence;
}

export function createConnector(target: PostgresTarget, options: ConnectorOptions): Connector {
  const { silenceMs } = options;
  const connectMs =
    target.connectTimeoutSeconds === null ? options.connectTimeoutMs : target.connectTimeoutSeconds * 1000;
  const open = async (signal: AbortSignal): Promise<Connection> => {
    const raw = await connect(target, connectMs, signal);
    const connection: Connection = new Connection(raw, {
      cancel: () => sendCancel(target, raw),
      end: () => endSession(target, raw),
      probe: () => probe(target, connectMs, silenceMs, raw.processId),
      silenceMs,
    });
    return connection;
  };
  const openRaw = async (signal: AbortSignal): Promise<OwnConnection> => {
    const raw = await connect(target, connectMs, signal);
    return {
      ...raw,
      silence: new Silence(() => probe(target, connectMs, silenceMs, raw.processId), silenceMs),
      async [Symbol.asyncDispose]() {
        if (raw.socket.closed) return;
        const closed = new Promise((resolve) => raw.socket.once('close', resolve));
        await sendCancel(target, raw);
        raw.socket.destroy();
        await closed;
        // Where the network has fallen silent, the server learns of none of this.
        await endSession(target, raw);
      },
    };
  };
  return { target, open, openRaw };
}

/** How long the end of a session may take that cannot be reached itself. */
const endMs = 2_000;

/** Behind a pooler the number may be somebody else's: only sessions like ours are ended. */
const endQuery = `
SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE pid = $1::int4 AND usename = CURRENT_USER AND datname = pg_catalog.current_database()
  AND (application_name = pg_catalog.current_setting('application_name')
    OR pg_catalog.starts_with(application_name, pg_catalog.left(pg_catalog.current_setting('application_name'), ${nameKept}) || ' '))`;

/** Ends the session of a connection whose line is dead, if the server can be reached otherwise. */
async function endSession(target: PostgresTarget, { processId }: RawConnection): Promise<void> {
  const deadline = AbortSignal.timeout(endMs);
  try {
    await using connection = new Connection(await connect(target, endMs, deadline), {
      cancel: () => Promise.resolve(),
      end: () => Promise.resolve(),
      probe: () => Promise.resolve(),
      silenceMs: endMs,
    });
    await connection.queryWith(endQuery, [String(processId)], deadline);
  } catch {
    // The server finds out by itself, with the keep-alive of our transactions.
  }
}

/**
 * Resolves while the server still works on what process `processId` was asked; rejects with `database-timeout` when the
 * server does not answer, or when it believes that its answer is under way, so that the line must be dead.
 */
async function probe(
  target: PostgresTarget,
  connectMs: number,
  silenceMs: number,
  processId: number,
): Promise<void> {
  const silent = (why: string, cause?: unknown): AppError =>
    new AppError('database-timeout', {
      message: `The database server ${target.host}:${target.port} was silent for ${silenceMs / 1000} s, and ${why}.`,
      operation: 'wait for the database server',
      cause,
    });
  const deadline = AbortSignal.timeout(connectMs);
  let state: readonly (string | null)[] | undefined;
  try {
    const raw = await connect(target, connectMs, deadline);
    await using connection = new Connection(raw, {
      cancel: () => Promise.resolve(),
      end: () => Promise.resolve(),
      probe: () => Promise.reject(silent('does not answer')),
      silenceMs: connectMs,
    });
    [state] = await connection.queryWith(
      'SELECT state, wait_event_type FROM pg_catalog.pg_stat_activity WHERE pid = $1::int4',
      [String(processId)],
      deadline,
    );
  } catch (error) {
    // Out of connections: it lives.
    if (error instanceof ServerError && error.sqlState === '53300') return;
    throw silent('does not answer a new connection', error);
  }
  // Unknown behind a pooler, where the process has another number: then the answer alone has to do.
  if (state === undefined || state[0] === null) return;
  if (state[0] !== 'active' || state[1] === 'Client') throw silent('the connection leads nowhere any more');
}
