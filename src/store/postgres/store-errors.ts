import { AppError } from '../../core/errors.ts';

/** What the server said with an error; undefined: the error is not of the server. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Codes of Node are words: ECONNREFUSED.
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined;
}

/**
 * Deadlock, serialisation failure; and a key that another transaction has taken, or a row that it has removed, between our look and our write:
 * the verb sees it when it looks again.
 */
const racedStates = ['40P01', '40001', '23503', '23505'];

export const isRaced = (error: unknown): boolean => racedStates.includes(sqlStateOf(error) ?? '');

/** Whether the connection is of no more use: the server has closed it, or nothing is known of what was asked over it. */
export function endsConnection(error: unknown): boolean {
  const state = sqlStateOf(error);
  if (state === undefined) return true;
  return error instanceof Error && 'severity' in error && error.severity !== 'ERROR';
}

/** States, or classes of two characters, that pass by themselves. The server is away, full, starting, ending, read-only, locked or too slow. */
const passing = ['08', '25006', '25P03', '25P04', '40', '53', '55006', '55P03', '57', '58'];

/** Those that somebody has to do something about, with what. */
const remedies: Readonly<Record<string, string>> = {
  28: 'Correct user and password in PUMPHOUSE_STORE, or pg_hba.conf of the server.',
  '3D000': 'Make the database of PUMPHOUSE_STORE, or correct its name.',
  '3F000': 'Make the schema again with: pumphouse store migrate.',
  '08P01': 'Behind PgBouncer, set it up as docs/guides/scale-out.md says.',
  '42P01':
    'Make the tables with: pumphouse store migrate. Behind PgBouncer, set search_path as docs/guides/scale-out.md says.',
  42501: 'Give the user of PUMPHOUSE_STORE the rights that docs/guides/scale-out.md names.',
};

/** The AppError for whatever the client of the store's PostgreSQL raised. `store` names it without secrets. */
export function classifyStoreError(error: unknown, operation: string, store: string): AppError {
  if (error instanceof AppError) return error;
  const state = sqlStateOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const common = { operation, cause: error, context: { store, sqlstate: state ?? '' } };
  const told = `The job store ${store} failed to ${operation}: ${text}.`;
  if (state === undefined) {
    return isOfNetwork(error)
      ? new AppError('store-unavailable', {
          message: `The job store ${store} does not answer: ${text || nodeCode(error)}.`,
          ...common,
        })
      : isOfTls(error)
        ? new AppError('store-refused', {
            message: told,
            hint: 'Correct sslmode and sslrootcert in PUMPHOUSE_STORE.',
            ...common,
          })
        : new AppError('internal', { message: told, ...common });
  }
  const remedy = remedies[state] ?? remedies[state.slice(0, 2)];
  if (remedy !== undefined) return new AppError('store-refused', { message: told, hint: remedy, ...common });
  const passes = passing.includes(state) || passing.includes(state.slice(0, 2));
  return new AppError(passes ? 'store-unavailable' : 'internal', { message: told, ...common });
}

const nodeCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** What `pg` says in words alone. */
const clientTexts =
  /^(Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection ended|Cannot use a pool after calling end)|socket disconnected|Connection lost/;

const isOfNetwork = (error: unknown): boolean =>
  /^(ECONN|EPIPE|EHOST|ENET|EADDR|ETIMEDOUT|ENOTFOUND|EAI_|ENOENT|EACCES|EMFILE)/.test(nodeCode(error)) ||
  (error instanceof AggregateError && error.errors.some(isOfNetwork)) ||
  (error instanceof Error && clientTexts.test(error.message));

const isOfTls = (error: unknown): boolean =>
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/.test(nodeCode(error)) ||
  (error instanceof Error && /does not support SSL|SSL connection/.test(error.message));
