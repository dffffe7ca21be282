import { AppError } from '../../../core/errors.ts';
import type { Connector } from '../connector.ts';
import type { PostgresTarget } from '../database-url.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

/** Opens connectors to databases of one server. */
export type Connect = (target: PostgresTarget) => Connector;

/** What a server says to who must not enter a database, or to whom it has none of that name; 28 is a class. */
const closedStates: readonly string[] = ['3D000', '42501', '55000', '28'];

/** Every database that may be entered, but for the templates, which would be in the way of others there. */
const othersQuery = `SELECT datname FROM pg_catalog.pg_database
WHERE datallowconn AND NOT datistemplate AND pg_catalog.has_database_privilege(oid, 'CONNECT') ORDER BY datname`;

/**
 * A connection to the server that is in none of the databases `names`, which cannot be renamed or dropped by who is in them. Throws
 * `database-privilege` when no other one lets us in.
 */
export async function openElsewhere(
  connect: Connect,
  target: PostgresTarget,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const tried = new Set(names);
  const openFirst = async (candidates: readonly string[]): Promise<Connection | null> => {
    for (const database of candidates) {
      if (tried.has(database)) continue;
      tried.add(database);
      const connection = await openIfLetIn(connect({ ...target, database }), signal);
      if (connection !== null) return connection;
    }
    return null;
  };
  const connection =
    (await openFirst([...(target.beside === undefined ? [] : [target.beside]), 'postgres'])) ??
    (await openFirst(await otherDatabases(connect, target, names, signal))) ??
    (await openFirst(['template1']));
  if (connection !== null) return connection;
  throw new AppError('database-privilege', {
    message: `The user ${target.user} may connect to no other database of the server, and nobody can rename or drop a database from inside.`,
    hint: 'Let the user connect to the database postgres.',
    operation: 'connect',
  });
}

async function otherDatabases(
  connect: Connect,
  target: PostgresTarget,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (const database of names) {
    await using connection = await openIfLetIn(connect({ ...target, database }), signal);
    if (connection === null) continue;
    return (await connection.query(othersQuery, signal)).map(([name]) => name as string);
  }
  return [];
}

/** Null when the server does not let us in there. */
async function openIfLetIn(connector: Connector, signal: AbortSignal): Promise<Connection | null> {
  try {
    return await connector.open(signal);
  } catch (error) {
    if (error instanceof ServerError && closedStates.some((state) => error.sqlState.startsWith(state))) {
      return null;
    }
    throw error;
  }
}
