import type { PostgresServer } from '../harness/postgres.ts';
import { featureRoles, featureSchema } from '../harness/postgres-feature-schema.ts';
import { moreFeatures, moreRoles, moreTypes } from './more-features.ts';

/** Rows for the tables of the feature schema that can have some. */
const featureRows = `
GRANT USAGE ON SCHEMA app TO app_owner;
INSERT INTO app.customer (id, name, feeling, mail, place, extra) SELECT i, 'name ' || i, 'ok', 'a@b', format('(%s,0.1,app)', i)::point3, hstore('k', i::text)
FROM generate_series(1, 50) i;
INSERT INTO app.orders ("Order Date", customer, parent) SELECT date '2025-01-01' + i, i, NULL FROM generate_series(1, 20) i;
INSERT INTO app.event SELECT date '2025-01-01' + i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'z' END, i FROM generate_series(1, 500) i;
INSERT INTO app.hashed SELECT generate_series(1, 100);
INSERT INTO app.counted DEFAULT VALUES; INSERT INTO app.child VALUES (5, 6, 'x');
INSERT INTO "Other ""Schema"""."Tab""le" VALUES (1, 'é', 'app');
INSERT INTO "select"."table" SELECT generate_series(1, 9);
INSERT INTO app.names DEFAULT VALUES;
REFRESH MATERIALIZED VIEW app.big; REFRESH MATERIALIZED VIEW app.bigger;`;

/** A database with one of everything that pg_dump carries, its roles, and rows. Once per server. */
export async function makeFeatureDatabase(server: PostgresServer): Promise<string> {
  const database = await server.createDatabase();
  const run = (sql: string) => server.query(database, sql);
  await run(featureRoles);
  await run(moreRoles);
  await run(featureSchema(server.version));
  await run(`SET search_path = app, pg_catalog;${featureRows}`);
  await run(moreTypes);
  await run(moreFeatures(server.version));
  return database;
}
