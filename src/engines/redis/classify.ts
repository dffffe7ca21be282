import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { RedisError } from './client/reply.ts';
import { ProtocolError } from './client/resp-tokens.ts';

interface Meaning {
  readonly code: ErrorCode;
  /** A retry may succeed; the catalogue's default for the code's kind when left out. */
  readonly temporary?: boolean;
  readonly hint?: string;
}

const refused: Meaning = {
  code: 'database-refused',
  hint: 'Give the right user and password in the database URL: redis://user:password@host.',
};
const comesBack: Meaning = {
  code: 'database-unreachable',
  hint: 'Nothing to do: the same work may succeed when it is tried again.',
};

/** The first word of a refusal to what it means for a job. */
const byWord: Readonly<Record<string, Meaning>> = {
  NOAUTH: refused,
  WRONGPASS: refused,
  NOPERM: {
    code: 'database-privilege',
    hint: 'Allow the command for the user with ACL SETUSER; docs/guides/redis.md has the least rights for each kind of job.',
  },
  DENIED: {
    code: 'database-refused',
    hint: 'The server runs in protected mode: set a password, or bind it to an address.',
  },
  LOADING: { code: 'database-unreachable', hint: 'The server loads its data; try again when it is done.' },
  NOMASTERLINK: {
    code: 'database-unreachable',
    hint: 'The replica has lost its master, or a failover is going on; try again, or name the master in the database URL.',
  },
  MASTERDOWN: { code: 'database-unreachable', hint: 'The replica has lost its master; try again later.' },
  NOREPLICAS: {
    code: 'database-unreachable',
    hint: 'The server wants more replicas before it takes writes.',
  },
  CLUSTERDOWN: {
    code: 'database-unreachable',
    hint: 'The cluster has slots without a server; look at CLUSTER INFO.',
  },
  MOVED: comesBack,
  ASK: comesBack,
  TRYAGAIN: comesBack,
  CROSSSLOT: { code: 'database-statement' },
  UNBLOCKED: comesBack,
  BUSY: {
    code: 'database-locked',
    hint: 'A script runs in the server; wait for it, or end it with SCRIPT KILL or FUNCTION KILL.',
  },
  // A server that was a master when the work began: after a failover the next try finds the new one.
  READONLY: {
    code: 'database-privilege',
    temporary: true,
    hint: 'The server is a replica: name its master in the database URL.',
  },
  OOM: {
    code: 'database-full',
    temporary: false,
    hint: 'Raise maxmemory of the server, or choose an eviction policy that makes room.',
  },
  MISCONF: {
    code: 'database-full',
    temporary: false,
    hint: 'The server cannot save its data to its disk: make room there, or look at its log.',
  },
};

/** Refusals that begin with `ERR` by what they say; the first that fits counts. */
const bySentence: readonly (readonly [RegExp, Meaning])[] = [
  [/invalid password|no password is set|AUTH <password> called without/i, refused],
  [
    /max number of clients/i,
    { code: 'database-full', hint: 'Raise maxclients of the server, or use fewer threads.' },
  ],
  [
    /unknown (?:sub)?command/i,
    {
      code: 'unsupported',
      hint: 'The server is too old for the command, or it was renamed or switched off there (rename-command, a managed service).',
    },
  ],
  [
    /DB index is out of range|invalid DB index|SELECT is not allowed/i,
    {
      code: 'database-missing',
      hint: 'Raise "databases" of the server, or choose another logical database.',
    },
  ],
  [
    /BGSAVE failed/i,
    {
      code: 'database-full',
      hint: 'The server could not fork: give it memory, or set vm.overcommit_memory=1; its log says why.',
    },
  ],
  [/operation not permitted/i, refused],
];

/** Codes of Node's network and TLS errors; other TLS errors fall to the end of {@link networkError}. */
const byNodeCode: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: { code: 'database-unreachable' },
  ECONNRESET: { code: 'database-unreachable' },
  ECONNABORTED: { code: 'database-unreachable' },
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
    hint: 'There is no such Unix socket: check that the server runs, and the path in the database URL.',
  },
  EACCES: { code: 'database-unreachable', temporary: false, hint: 'The Unix socket may not be opened.' },
  EMFILE: { code: 'database-unreachable', hint: 'This process has too many open files; raise ulimit -n.' },
};

const certificateHint =
  'Name the certificate of the authority with tls_ca=FILE in the database URL, or encrypt without checking with tls_verify=none.';

/**
 * Any error as an AppError: what the server refuses by its words, the network by Node's code; AppErrors stay as they are. The message is the
 * server's own without the arguments that some of them repeat: those may be values.
 * @param server as messages show it; left out where the error tells itself
 */
export function classifyRedisError(error: unknown, operation: string, server?: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof RedisError) return refusal(error, operation, server);
  if (!(error instanceof Error)) return toAppError(error);
  if (error instanceof AggregateError && error.errors.length > 0) {
    // One failure for each address of a host name.
    return classifyRedisError(error.errors[0], operation, server);
  }
  return networkError(error, operation, server) ?? toAppError(error);
}

/** What is about the server as a whole: a job may have to do with several, so that the message must say which. */
const ofTheServer: readonly ErrorCode[] = [
  'database-unreachable',
  'database-timeout',
  'database-full',
  'database-refused',
];

function refusal(error: RedisError, operation: string, server = error.server): AppError {
  const said = error.message.replace(/,? *with args beginning with:.*$/is, '').trim();
  const meaning: Meaning = byWord[error.code] ??
    bySentence.find(([words]) => words.test(said))?.[1] ?? { code: 'database-statement' };
  const isNamed = server !== '' && ofTheServer.includes(meaning.code);
  return new AppError(meaning.code, {
    message: `${isNamed ? `Database server ${server}: ` : ''}${sentence(said)}`,
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    ...(meaning.temporary === undefined ? {} : { temporary: meaning.temporary }),
    operation,
    context: { refusal: error.code },
    // The error itself may repeat values.
    cause: said === error.message ? error : undefined,
  });
}

function networkError(error: Error, operation: string, server: string | undefined): AppError | null {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const meaning = byNodeCode[code];
  if (meaning !== undefined) {
    return new AppError(meaning.code, {
      message: `The database server${placeOf(error, server)} cannot be reached or closed the connection (${code}).`,
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      ...(meaning.temporary === undefined ? {} : { temporary: meaning.temporary }),
      operation,
      context: { code },
      cause: error,
    });
  }
  if (error instanceof ProtocolError) {
    return new AppError('database-unreachable', {
      message: sentence(error.message),
      hint: 'Check host and port, and whether the server wants TLS (rediss://).',
      operation,
      temporary: false,
      cause: error,
    });
  }
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_/.test(code)) {
    return new AppError('database-unreachable', {
      message: `TLS with the database server${server === undefined ? '' : ` ${server}`} failed: ${sentence(error.message.trim())}`,
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

/** Where Node tried to connect to, as far as it is known. */
function placeOf(error: Error, server: string | undefined): string {
  if (server !== undefined) return ` ${server}`;
  const { address, port, hostname } = error as {
    readonly address?: string;
    readonly port?: number;
    readonly hostname?: string;
  };
  if (address === undefined) return hostname === undefined ? '' : ` ${hostname}`;
  const host = address.includes(':') ? `[${address}]` : address;
  return ` ${port === undefined || port < 0 ? address : `${host}:${port}`}`;
}

const sentence = (message: string): string => (/[.!?]$/.test(message) ? message : `${message}.`);
