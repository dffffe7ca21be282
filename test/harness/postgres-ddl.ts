import pg from 'pg';
import type { DdlObject } from '../../src/core/catalogue.ts';
import type { DdlScope } from '../../src/engines/engine.ts';
import { type Connector, createConnector } from '../../src/engines/postgres/connector.ts';
import type { PostgresTarget } from '../../src/engines/postgres/database-url.ts';
import { parsePostgresUrl } from '../../src/engines/postgres/database-url.ts';
import { dumpDdl } from '../../src/engines/postgres/ddl/dump-ddl.ts';
import { holdSnapshot } from '../../src/engines/postgres/source/snapshot.ts';
import { quietContext } from '../conformance/transfer.ts';
import type { PostgresServer } from './postgres.ts';

export const everything: DdlScope = { mode: 'full', schemas: [], tables: [] };

export const connectorOf = (url: string): Connector =>
  createConnector(parsePostgresUrl(url) as unknown as PostgresTarget, {
    connectTimeoutMs: 10_000,
    silenceMs: 30_000,
  });

/** The schema of a database as pg_dump and our splitting give it, without sequence values and the like. */
export async function dumpSchema(url: string, scope: DdlScope = everything): Promise<readonly DdlObject[]> {
  const context = quietContext();
  const connector = connectorOf(url);
  await using snapshot = await holdSnapshot(connector, null, 1, context);
  return await dumpDdl(() => connector.openRaw(context.signal), scope, [], snapshot.token ?? '', context);
}

/** Makes a database of `objects`, in their order, and resolves to its name. Rejects with the first error. */
export async function createFrom(server: PostgresServer, objects: readonly DdlObject[]): Promise<string> {
  const database = await server.createDatabase();
  const client = new pg.Client({ host: server.socketDir, port: server.port, user: 'postgres', database });
  await client.connect();
  try {
    await client.query("SET search_path = ''; SET check_function_bodies = off");
    for (const { type, name, sql } of objects) {
      await client.query(sql).catch((error: Error) => {
        throw new Error(`${type} ${name}: ${error.message}\n${sql}`, { cause: error });
      });
    }
  } finally {
    await client.end();
  }
  return database;
}
