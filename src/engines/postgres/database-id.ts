import type { Connection } from './wire/connection.ts';

/** What a session knows of its server from the beginning. */
export interface SessionFacts {
  readonly serverVersion: string;
  readonly databaseId: string;
}

/** The moment that a server started at, to the microsecond, and the database in it: nobody else has both. */
export async function sessionFacts(connection: Connection, signal: AbortSignal): Promise<SessionFacts> {
  const [row] = await connection.query(
    `SELECT pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time()), oid
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
    signal,
  );
  return {
    serverVersion: connection.parameters.get('server_version') ?? '',
    databaseId: (row ?? []).join('/'),
  };
}
