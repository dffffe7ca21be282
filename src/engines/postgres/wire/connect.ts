import type { Socket } from 'node:net';
import pg from 'pg';
import { linkAbort } from '../../../base/linked-abort.ts';
import { abortError } from '../../../core/abort-error.ts';
import { AppError } from '../../../core/errors.ts';
import type { PostgresTarget } from '../database-url.ts';
import { cancelRequest, ServerError } from './messages.ts';
import { nameServer } from './server-of-error.ts';
import { openTransport } from './transport.ts';

/** An authenticated, idle connection whose socket is paused and has no reader. */
export interface RawConnection {
  /** `host:port` of the server, as the database URL has them. */
  readonly server: string;
  readonly socket: Socket;
  /** Every ParameterStatus that the server sent while connecting. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What the server says its process is; behind a pooler that is not the real one. */
  readonly processId: number;
  readonly secretKey: number;
  /** As `SHOW server_version_num`: 150018 is 15.18. */
  readonly serverVersionNum: number;
}

/** The part of `pg`'s connection that the take-over leans on. */
interface PgConnection {
  on(event: 'parameterStatus', listener: (message: PgParameterStatus) => void): void;
}
interface PgParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}
interface PgInside {
  readonly connection: PgConnection;
  readonly processID: number | null;
  readonly secretKey: number | null;
}

/**
 * Connects and authenticates (`pg` does that: SCRAM, MD5, clear text), then takes the socket from `pg`. Rejects with a
 * ServerError, an error of the network, `database-timeout` after `timeoutMs`, or the reason of `signal`.
 */
export async function connect(
  target: PostgresTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<RawConnection> {
  return withinTime(target, timeoutMs, signal, async (deadline) => {
    const socket = await openTransport(target, deadline);
    try {
      return await authenticate(target, socket, deadline);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  });
}

/** Asks the server to cancel what `connection` runs. Resolves when the server has taken note, or cannot be asked. */
export async function sendCancel(target: PostgresTarget, connection: RawConnection): Promise<void> {
  const never = new AbortController().signal;
  const ask = async (deadline: AbortSignal): Promise<void> => {
    const socket = await openTransport(target, deadline);
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      deadline.addEventListener('abort', () => socket.destroy(), { once: true });
      // The server closes without an answer, which 'close' tells only to one who reads.
      socket.resume();
      socket.end(cancelRequest(connection.processId, connection.secretKey));
    });
  };
  await withinTime(target, 2_000, never, ask).catch(() => undefined);
}

async function withinTime<T>(
  target: PostgresTarget,
  timeoutMs: number,
  signal: AbortSignal,
  work: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = linkAbort(signal);
  const timer = setTimeout(() => {
    deadline.abort(
      new AppError('database-timeout', {
        message: `The database server ${serverName(target)} did not answer within ${timeoutMs / 1000} s.`,
        operation: 'connect',
      }),
    );
  }, timeoutMs);
  try {
    return await work(deadline.signal);
  } catch (error) {
    nameServer(error, serverName(target));
    throw signal.aborted ? abortError(signal) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function authenticate(
  target: PostgresTarget,
  socket: Socket,
  signal: AbortSignal,
): Promise<RawConnection> {
  const client = new pg.Client({
    // Nothing of whom and where comes from the PG* variables or a password file of this process.
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    password: () => target.password ?? refuseWithoutPassword(target),
    application_name: target.applicationName,
    ssl: false,
    stream: () => asUnconnected(socket),
  });
  client.on('error', () => undefined);
  const inside = client as unknown as PgInside;
  const parameters = new Map<string, string>();
  inside.connection.on('parameterStatus', (message) => {
    parameters.set(message.parameterName, message.parameterValue);
  });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
  } catch (error) {
    throw signal.aborted ? signal.reason : asServerError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  // From here on `pg` hears no bytes; the server is idle, so that none get lost between two readers.
  socket.pause();
  socket.removeAllListeners('data');
  return {
    server: serverName(target),
    socket,
    parameters,
    processId: inside.processID ?? 0,
    secretKey: inside.secretKey ?? 0,
    serverVersionNum: versionNumber(parameters.get('server_version') ?? ''),
  };
}

const serverName = ({ host, port }: PostgresTarget): string => `${host}:${port}`;

function refuseWithoutPassword(target: PostgresTarget): never {
  throw new AppError('database-refused', {
    message: `The database server asks for the password of ${JSON.stringify(target.user)}, and the database URL has none.`,
    field: 'url',
    operation: 'connect',
  });
}

/** `pg` insists on connecting its socket itself; this one is connected (and secured) already, and only says so. */
function asUnconnected(socket: Socket): Socket {
  socket.connect = function said(this: Socket): Socket {
    delete (this as Partial<Socket>).connect;
    // By then `pg` listens; the agreement about TLS has left the socket paused.
    process.nextTick(() => this.resume().emit('connect'));
    return this;
  } as Socket['connect'];
  return socket;
}

function asServerError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const fields: [string, string | undefined][] = [
    ['M', error.message],
    ['C', error.code],
    ['V', error.severity],
  ];
  return new ServerError(
    new Map(fields.filter((field): field is [string, string] => field[1] !== undefined)),
  );
}

/** `15.18 (Debian ...)` -> 150018; `19devel` -> 190000. */
export function versionNumber(text: string): number {
  const match = /^(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? 0 : Number(match[1]) * 10_000 + Number(match[2] ?? 0);
}
