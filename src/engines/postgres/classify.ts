import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { ServerError } from './wire/messages.ts';
import { serverOf } from './wire/server-of-error.ts';

interface Meaning {
  readonly code: ErrorCode;
  /** A retry may succeed; the catalogue's default for the code's kind when left out. */
  readonly temporary?: boolean;
  readonly hint?: string;
}

const wait = 'Nothing to do: the same work may succeed when it is tried again.';

/**
 * SQLSTATE, or its class of two characters, to what it means for a job; the longer one wins.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const bySqlState: Readonly<Record<string, Meaning>> = {
  '08': { code: 'database-unreachable' },
  '0A': { code: 'database-statement', temporary: false },
  '22': { code: 'database-statement' },
  '23': { code: 'database-statement' },
  25006: {
    code: 'database-privilege',
    temporary: false,
    hint: 'The session is read-only: connect to the primary server, and set default_transaction_read_only=off.',
  },
  '25P03': {
    code: 'database-timeout',
    hint: 'Set idle_in_transaction_session_timeout=0 for the user, or raise it.',
  },
  '25P04': { code: 'database-timeout', hint: 'Set transaction_timeout=0 for the user, or raise it.' },
  25: { code: 'database-statement' },
  28: { code: 'database-refused' },
  '3D000': { code: 'database-missing' },
  40: { code: 'database-locked', temporary: true, hint: wait },
  42501: { code: 'database-privilege' },
  42: { code: 'database-statement' },
  53100: { code: 'database-full', hint: 'Make room on the disk of the database server.' },
  53200: {
    code: 'database-full',
    hint: 'Raise max_locks_per_transaction or the memory of the database server.',
  },
  53300: { code: 'database-full', hint: 'Raise max_connections, or use fewer threads.' },
  53: { code: 'database-full' },
  54: { code: 'database-statement' },
  '55P03': {
    code: 'database-locked',
    hint: 'Another session holds a lock on the table, or waits for one; end it, or try again later.',
  },
  55: { code: 'database-statement' },
  57014: { code: 'database-timeout', hint: 'The statement was cancelled in the server; try again.' },
  '57P01': { code: 'database-unreachable', hint: 'The server is shutting down, or ended the session.' },
  '57P02': { code: 'database-unreachable', hint: 'The server has crashed and restarts; try again.' },
  '57P03': { code: 'database-unreachable', hint: 'The server is starting or shutting down; try again.' },
  '57P04': { code: 'database-missing', hint: 'The database was dropped.' },
  '57P05': { code: 'database-unreachable', hint: 'Set idle_session_timeout=0 for the user.' },
  57: { code: 'database-unreachable' },
  58: { code: 'database-full', temporary: false, hint: 'Look at the log of the database server.' },
  XX: {
    code: 'database-statement',
    hint: 'Look at the log of the database server: its data may be damaged.',
  },
};

/** Codes of Node's network and TLS errors; other TLS errors fall to the last line of {@link classifyNetwork}. */
const byNodeCode: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: { code: 'database-unreachable' },
  ECONNRESET: { code: 'database-unreachable' },
  EPIPE: { code: 'database-unreachable' },
  EHOSTUNREACH: { code: 'database-unreachable' },
  ENETUNREACH: { code: 'database-unreachable' },
  EHOSTDOWN: { code: 'database-unreachable' },
  EADDRNOTAVAIL: { code: 'database-unreachable' },
  ETIMEDOUT: { code: 'database-timeout' },
  ENOTFOUND: {
    code: 'database-unreachable',
    temporary: false,
    hint: 'Correct the host name in the database URL.',
  },
  EAI_AGAIN: { code: 'database-unreachable', hint: 'The name server does not answer; check the network.' },
  ENOENT: {
    code: 'database-unreachable',
    hint: 'There is no such Unix socket: check that the server runs, and the folder in host=.',
  },
  EACCES: { code: 'database-unreachable', temporary: false, hint: 'The Unix socket may not be opened.' },
  EMFILE: { code: 'database-unreachable', hint: 'This process has too many open files; raise ulimit -n.' },
};

const certificateHint =
  'Name the certificate of the authority with sslrootcert=FILE in the database URL, or use sslmode=require to encrypt without checking.';

/**
 * Any error as an AppError: of the server by its SQLSTATE, of the network by Node's code; AppErrors stay as they are.
 * The message is the server's own primary message, which repeats neither the password nor the statement.
 */
export function classifyPostgresError(error: unknown, operation: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ServerError) return classifyServerError(error, operation);
  if (!(error instanceof Error)) return toAppError(error);
  if (error instanceof AggregateError && error.errors.length > 0) {
    // One failure for each address of a host name.
    return classifyPostgresError(error.errors[0], operation);
  }
  return classifyNetworkError(error, operation) ?? toAppError(error);
}

/** What is about the server as a whole: a job may have to do with two, so that the message must say which. */
const ofTheServer: readonly ErrorCode[] = [
  'database-unreachable',
  'database-timeout',
  'database-full',
  'database-refused',
];

function classifyServerError(error: ServerError, operation: string): AppError {
  const { sqlState } = error;
  const meaning: Meaning = bySqlState[sqlState] ??
    bySqlState[sqlState.slice(0, 2)] ?? { code: 'database-statement' };
  const server = ofTheServer.includes(meaning.code) ? serverOf(error) : undefined;
  const named = { schema: error.schema, table: error.table, constraint: error.constraint };
  return new AppError(meaning.code, {
    message: `${server === undefined ? '' : `Database server ${server}: `}${sentence(error.message)}`,
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    ...(meaning.temporary === undefined ? {} : { temporary: meaning.temporary }),
    operation,
    context: { sqlState, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null)) },
    cause: error,
  });
}

function classifyNetworkError(error: Error, operation: string): AppError | null {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const meaning = byNodeCode[code];
  if (meaning !== undefined) {
    return new AppError(meaning.code, {
      message: `The database server${placeOf(error)} cannot be reached or closed the connection (${code}).`,
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      ...(meaning.temporary === undefined ? {} : { temporary: meaning.temporary }),
      operation,
      context: { code },
      cause: error,
    });
  }
  if (error.message.startsWith('SASL:')) {
    return new AppError('database-refused', {
      message: 'The password exchange with the database server failed.',
      operation,
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_/.test(code)) {
    return new AppError('database-unreachable', {
      message: `TLS with the database server failed: ${sentence(error.message)}`,
      hint: certificateHint,
      field: 'url',
      operation,
      context: { code },
      temporary: false,
      cause: error,
    });
  }
  return null;
}

/** Where Node tried to connect to, as far as it says: an address with its port, a Unix socket, or a name that has no address. */
function placeOf(error: Error): string {
  const { address, port, hostname } = error as {
    readonly address?: string;
    readonly port?: number;
    readonly hostname?: string;
  };
  if (address === undefined) {
    const server = serverOf(error);
    if (hostname !== undefined) return ` ${hostname}`;
    return server === undefined ? '' : ` at ${server}`;
  }
  const host = address.includes(':') ? `[${address}]` : address;
  return ` at ${port === undefined || port < 0 ? address : `${host}:${port}`}`;
}

const sentence = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`);
