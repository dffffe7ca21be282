import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withServers } from '../../../../test/harness/postgres.ts';
import { createFrom, dumpSchema } from '../../../../test/harness/postgres-ddl.ts';
import { featureRoles, featureSchema } from '../../../../test/harness/postgres-feature-schema.ts';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { ResolvedRemaps } from '../../engine.ts';
import { remapObjects } from './remap.ts';

const none: ResolvedRemaps = { schemas: [], tables: [], tablespaces: [], owners: [] };

/** Without order (pg_dump sorts by schema), and without the names of casts, which are taken from a comment. */
const comparable = (objects: readonly DdlObject[]): readonly string[] =>
  objects
    .map((object) => JSON.stringify({ ...object, name: object.type === 'CAST' ? '' : object.name }))
    .toSorted();

withServers([13, 15, 18], (server, version) => {
  test('a schema remapped is the schema that was written with the other name', async () => {
    await server().query('postgres', featureRoles);
    const [source, expected] = [await server().createDatabase(), await server().createDatabase()];
    const target = 'Ten"ant é';
    await server().query(source, featureSchema(version));
    await server().query(expected, featureSchema(version, `"${target.replaceAll('"', '""')}"`));
    const objects = await dumpSchema(server().url(source));
    const remapped = await remapObjects(objects, { ...none, schemas: [{ source: 'app', target }] });
    const wanted = await dumpSchema(server().url(expected));
    assert.deepEqual(comparable(remapped.objects), comparable(wanted));
    const copy = await createFrom(server(), remapped.objects);
    assert.deepEqual(comparable(await dumpSchema(server().url(copy))), comparable(wanted));
  });

  test('schemas change places', async () => {
    await server().query('postgres', featureRoles);
    const source = await server().createDatabase();
    await server().query(source, featureSchema(version));
    const objects = await dumpSchema(server().url(source));
    const swap = [
      { source: 'app', target: 'select' },
      { source: 'select', target: 'app' },
    ];
    const there = await remapObjects(objects, { ...none, schemas: swap });
    await createFrom(server(), there.objects);
    const back = await remapObjects(there.objects, { ...none, schemas: swap });
    assert.deepEqual(back.objects, objects);
  });
});
