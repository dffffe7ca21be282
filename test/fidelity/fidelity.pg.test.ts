import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Encoding } from '../../src/core/request.ts';
import { postgresEngine } from '../../src/engines/postgres/engine.ts';
import { quietContext, takeStock, transfer } from '../conformance/transfer.ts';
import { startApp } from '../harness/app.ts';
import {
  type PostgresServer,
  type PostgresVersion,
  postgresVersions,
  startPostgres,
} from '../harness/postgres.ts';
import { giveToServer } from '../harness/server-user.ts';
import { databaseState, globalState } from './database-state.ts';
import { makeFeatureDatabase } from './feature-database.ts';
import { restoreText, schemaEntries, schemaText } from './schema-text.ts';

/** From here on a membership has options of its own. */
const membershipOptionsVersion = 16;

/** From here on nobody but the owner may create in the schema `public` of a new database. */
const closedPublicVersion = 15;

interface Pair {
  readonly from: PostgresVersion;
  readonly to: PostgresVersion;
  readonly encoding: Encoding;
}

const some: readonly Pair[] = [
  { from: 13, to: 18, encoding: 'text' },
  { from: 17, to: 17, encoding: 'binary' },
];
/** Every version to itself and to each newer one. */
const all: readonly Pair[] = postgresVersions.flatMap((from) =>
  postgresVersions
    .filter((to) => to >= from)
    .flatMap((to) => (['text', 'binary'] as const).map((encoding) => ({ from, to, encoding }))),
);

/** `PUMPHOUSE_FIDELITY=all` runs the whole matrix, which takes minutes. */
const pairs = process.env.PUMPHOUSE_FIDELITY === 'all' ? all : some;

describe('everything that pg_dump carries comes back equal', () => {
  for (const { from, to, encoding } of pairs) {
    it(`from PostgreSQL ${from} to ${to}, as ${encoding}`, async () => {
      await using source = await startPostgres({ version: from, settings: { wal_level: 'logical' } });
      await using target = await startPostgres({ version: to, settings: { wal_level: 'logical' } });
      const database = await makeFeatureDatabase(source);
      await makeTablespaces(source, target, database);
      const copy = await target.createDatabase();

      const parse = (url: string) => postgresEngine.parseUrl(url);
      await assertNothingRefused(source.url(database));
      const failures = await transfer(postgresEngine, parse(source.url(database)), parse(target.url(copy)), {
        encoding,
      });
      assert.deepEqual(failures, []);

      await assertEqualDatabases({ server: source, database }, { server: target, database: copy });
    });
  }

  it('from PostgreSQL 15 to 18 by the jobs of the service, roles and tablespaces too', async () => {
    await using source = await startPostgres({ version: 15, settings: { wal_level: 'logical' } });
    await using target = await startPostgres({ version: 18, settings: { wal_level: 'logical' } });
    const database = await makeFeatureDatabase(source);
    await makeTablespaces(source, target, database);
    const copy = await target.createDatabase();
    await using app = await startApp({
      databases: { source: source.url(database), target: target.url(copy) },
      flags: { unitBytes: '65536' },
    });
    const run = async (body: Readonly<Record<string, unknown>>): Promise<void> => {
      const { id } = await app.json<{ readonly id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
      const { state, error, error_count } = await app.settled(id);
      assert.deepEqual({ state, error, error_count }, { state: 'completed', error: null, error_count: 0 });
    };
    await run({ kind: 'export', database: 'source', mode: 'full', file_pattern: 'all%U.dmp' });
    await run({ kind: 'import', database: 'target', file_pattern: 'all%U.dmp', globals: true });
    await assertEqualDatabases({ server: source, database }, { server: target, database: copy });
  });
});

interface Place {
  readonly server: PostgresServer;
  readonly database: string;
}

async function assertEqualDatabases(source: Place, target: Place): Promise<void> {
  const url = ({ server, database }: Place): string => server.url(database);
  const [from, to] = [source.server.version, target.server.version];
  const expected = await databaseState(url(source));
  const actual = await databaseState(url(target));
  assert.deepEqual(actual.schema, from === to ? expected.schema : await schemaByPsql(source, target));
  assert.deepEqual(actual.rows, expected.rows);
  assert.deepEqual(actual.sequences, expected.sequences);
  assert.deepEqual(actual.largeObjects, expected.largeObjects);
  const options = from >= membershipOptionsVersion || to < membershipOptionsVersion;
  assert.deepEqual(await globalState(url(target), options), await globalState(url(source), options));
}

/** An import runs no statement that it does not know: it must know them all. */
async function assertNothingRefused(url: string): Promise<void> {
  const context = quietContext();
  await using session = await postgresEngine.openSource(postgresEngine.parseUrl(url), context);
  await using snapshot = await session.begin(1, context);
  const { objects } = await takeStock(snapshot, 1_000_000);
  assert.deepEqual(await postgresEngine.refuse(objects), []);
}

/** One that the target has not, where the versions allow one folder for both, and one that it has at another place. */
async function makeTablespaces(
  source: PostgresServer,
  target: PostgresServer,
  database: string,
): Promise<void> {
  const folder = (server: PostgresServer, name: string): string => {
    const made = path.join(server.socketDir, name);
    mkdirSync(made);
    chmodSync(made, 0o700);
    giveToServer(made);
    return made;
  };
  const make = (server: PostgresServer, name: string): Promise<unknown> =>
    server.query('postgres', `CREATE TABLESPACE ${name} LOCATION '${folder(server, name)}'`);
  await make(source, 'there');
  await make(target, 'there');
  await source.query(
    database,
    'CREATE TABLE more.elsewhere (a integer PRIMARY KEY USING INDEX TABLESPACE there) TABLESPACE there',
  );
  if (source.version === target.version) return;
  await source.query(
    'postgres',
    `CREATE TABLESPACE "new ""one""" OWNER crew LOCATION '${folder(source, 'new')}' WITH (seq_page_cost = 1.5, random_page_cost = 2)`,
  );
  await source.query(
    'postgres',
    `GRANT CREATE ON TABLESPACE "new ""one""" TO boss WITH GRANT OPTION; COMMENT ON TABLESPACE "new ""one""" IS 'it''s new'`,
  );
  await source.query(database, 'CREATE INDEX elsewhere_too ON more.hub (id) TABLESPACE "new ""one"""');
}

/** Servers of two versions spell the same view in two ways: what psql makes of pg_dump's text is the yardstick between them. */
async function schemaByPsql(source: Place, target: Place): Promise<readonly string[]> {
  const text = await schemaText(source.server.url(source.database));
  // pg_dump writes for servers where this is so from the beginning.
  const closed =
    target.server.version < closedPublicVersion ? '\nREVOKE CREATE ON SCHEMA public FROM PUBLIC;\n' : '';
  const restored = await restoreText(target.server, text + closed);
  return schemaEntries(await schemaText(target.server.url(restored)));
}
