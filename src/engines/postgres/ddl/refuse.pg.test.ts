import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { withServers } from '../../../../test/harness/postgres.ts';
import { connectorOf, everything } from '../../../../test/harness/postgres-ddl.ts';
import { featureRoles, featureSchema } from '../../../../test/harness/postgres-feature-schema.ts';
import { holdSnapshot } from '../source/snapshot.ts';
import { refuseObjects } from './refuse.ts';
import { remapObjects } from './remap.ts';

withServers([13, 14, 15, 16, 17, 18], (server, version) => {
  test('everything that an export writes may be run, remapped too', async () => {
    await server().query('postgres', featureRoles);
    const database = await server().createDatabase();
    await server().query(database, featureSchema(version));
    await server().query(
      database,
      `SELECT lo_create(5), lo_create(7), lo_create(11);
       ALTER LARGE OBJECT 7 OWNER TO app_owner;
       GRANT SELECT ON LARGE OBJECT 7 TO "app Reader", PUBLIC;
       COMMENT ON LARGE OBJECT 11 IS 'eleven';
       GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_reset() TO app_owner;
       ALTER ROLE app_owner SET search_path TO app, public;
       GRANT app_owner TO "app Reader" WITH ADMIN OPTION;
       COMMENT ON ROLE app_owner IS 'owns';`,
    );
    const context = quietContext();
    await using snapshot = await holdSnapshot(connectorOf(server().url(database)), null, 2, context);
    const objects = await snapshot.ddl(everything, context);
    const types = new Set(objects.map(({ type }) => type));
    for (const type of ['ROLE', 'BLOB', 'SEQUENCE SET', 'MATERIALIZED VIEW DATA', 'ACL']) {
      assert.ok(types.has(type), type);
    }
    assert.deepEqual(await refuseObjects(objects), []);
    const remapped = await remapObjects(objects, {
      schemas: [{ source: 'app', target: 'New "App"' }],
      tables: [{ schema: 'app', name: 'customer', target: 'Client' }],
      tablespaces: [],
      owners: [{ source: 'app_owner', target: 'new owner' }],
    });
    assert.deepEqual(await refuseObjects(remapped.objects), []);
  });
});
