import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { withServers } from '../../../../test/harness/postgres.ts';
import { connectorOf, createFrom, dumpSchema, everything } from '../../../../test/harness/postgres-ddl.ts';
import { featureRoles, featureSchema, nastyName } from '../../../../test/harness/postgres-feature-schema.ts';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { OperationContext } from '../../../core/context.ts';
import { dumpDdl } from './dump-ddl.ts';
import { schedule } from './schedule.ts';

const named = (objects: readonly DdlObject[]): string[] =>
  objects.map(({ type, schema, name }) => `${type} ${schema}.${name}`);

withServers([13, 14, 15, 16, 17, 18], (server, version) => {
  test('a schema made of the objects, in either order, gives the same objects again', async () => {
    await server().query('postgres', featureRoles);
    const source = await server().createDatabase();
    await server().query(source, featureSchema(version));
    const objects = await dumpSchema(server().url(source));
    const { before: first, perTable, constraints, after } = schedule(objects);
    const scheduled = [...first, ...[...perTable.values()].flat(2), ...constraints.flat(), ...after];
    assert.equal(new Set(scheduled).size, objects.length);
    for (const order of [objects, scheduled]) {
      const copy = await createFrom(server(), order);
      assert.deepEqual(await dumpSchema(server().url(copy)), objects);
    }
  });
});

withServers([13, 18], (server) => {
  test('lines that would be commands of psql stay where they are part of something', async () => {
    const source = await server().createDatabase();
    const body =
      String.raw`begin
\restrict abc
\UNRESTRICT abc
\\restrict abc
  \restrict abc
-- ü` +
      '\u2028' +
      String.raw`\restrict
end`;
    const name = String.raw`"a
\restrict b"`;
    await server().query(
      source,
      `SET check_function_bodies = off; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$${body}$$;
       CREATE TABLE ${name} (a text DEFAULT 'x
\\unrestrict y');
       COMMENT ON TABLE ${name} IS 'x
\\restrict z'`,
    );
    const objects = await dumpSchema(server().url(source));
    const copy = await createFrom(server(), objects);
    for (const database of [source, copy]) {
      const state = await server().query(
        database,
        `SELECT prosrc, (SELECT relname FROM pg_class WHERE relname LIKE 'a%b'), (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef) AS expression,
           (SELECT description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND c.relname LIKE 'a%b') AS comment
         FROM pg_proc WHERE proname = 'f'`,
      );
      assert.deepEqual(state, [
        {
          prosrc: body,
          relname: 'a\n\\restrict b',
          expression: String.raw`'x
\unrestrict y'::text`,
          comment: 'x\n\\restrict z',
        },
      ]);
    }
    assert.equal(
      objects.some(({ sql }) => /\\restrict [A-Za-z0-9]{20}/.test(sql)),
      false,
    );
  });
});

withServers(
  [17],
  (server) => {
    let database = '';
    before(async () => {
      await server().query('postgres', featureRoles);
      database = await server().createDatabase();
      await server().query(database, featureSchema(17));
    });

    test('objects know section, table and owner', async () => {
      const objects = await dumpSchema(server().url(database));
      const belonging = (type: string, name: string) => {
        const found = objects.filter((object) => object.type === type && object.name === name);
        return found.map(({ section, schema, table, owner }) => [section, schema, table, owner]);
      };
      assert.deepEqual(belonging('TABLE', 'customer'), [['pre', 'app', null, 'app_owner']]);
      assert.deepEqual(belonging('OWNER', 'customer'), [['pre', 'app', 'customer', 'app_owner']]);
      assert.deepEqual(belonging('TABLE', nastyName), [['pre', 'app', null, 'postgres']]);
      assert.deepEqual(belonging('SEQUENCE', 'orders_id_seq'), [['pre', 'app', 'orders', 'postgres']]);
      assert.deepEqual(belonging('SEQUENCE', 'counted_id_seq'), [['pre', 'app', 'counted', 'postgres']]);
      assert.deepEqual(belonging('SEQUENCE', 'counter'), [['pre', 'app', null, 'postgres']]);
      assert.deepEqual(belonging('FUNCTION', 'body(app.mood, integer)'), [['pre', 'app', null, 'postgres']]);
      assert.deepEqual(belonging('INDEX', 'customer_number'), [['post', 'app', 'customer', 'app_owner']]);
      assert.deepEqual(belonging('COMMENT', 'customer_number'), [['post', 'app', 'customer', 'app_owner']]);
      assert.deepEqual(belonging('CLUSTER ON', 'customer_number'), [
        ['post', 'app', 'customer', 'app_owner'],
      ]);
      assert.deepEqual(belonging('INDEX ATTACH', 'event_rest_pkey'), [
        ['post', 'app', 'event_rest', 'postgres'],
      ]);
      assert.deepEqual(belonging('TRIGGER', 'touch'), [['post', 'app', 'customer', 'app_owner']]);
      assert.deepEqual(belonging('POLICY', 'own'), [['post', 'app', 'customer', 'app_owner']]);
      assert.deepEqual(belonging('ACL', 'big'), [['post', 'app', null, 'postgres']]);
      assert.deepEqual(
        belonging('VIEW', 'grouped').length,
        2,
        'a stand-in before its primary key, the view after',
      );
      // A role that is missing in the target must not take another's grant with it.
      assert.deepEqual(belonging('ACL', 'customer').length, 4);
    });

    test('schema mode gives what is in the schemas', async () => {
      const objects = await dumpSchema(server().url(database), {
        mode: 'schema',
        schemas: ['Other "Schema"', 'select'],
        tables: [],
      });
      assert.deepEqual(
        new Set(objects.map(({ schema }) => schema)),
        new Set([null, 'Other "Schema"', 'select']),
      );
      assert.ok(named(objects).includes('TABLE Other "Schema".Tab"le'));
      assert.deepEqual(
        await dumpSchema(server().url(database), { mode: 'schema', schemas: [], tables: [] }),
        [],
      );
    });

    test('table mode takes names literally', async () => {
      const special = [
        't.*',
        'a|b',
        '(x)',
        'back\\slash',
        '$1',
        "it's",
        'ünï',
        'UPPER',
        'dot.dot',
        'new\nline',
        '[a-z]',
        '?',
      ];
      const schema = 'S|"*.x';
      await server().query(
        database,
        [`CREATE SCHEMA ${pg.escapeIdentifier(schema)}`]
          .concat(
            [...special, 'tx', 'a', 'x', 'z'].map(
              (name) => `CREATE TABLE ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)} ()`,
            ),
          )
          .join(';'),
      );
      const tables = special.map((name) => ({ schema, name }));
      const objects = await dumpSchema(server().url(database), { mode: 'table', schemas: [schema], tables });
      const made = objects.filter(({ type }) => type === 'TABLE').map(({ name }) => name);
      assert.deepEqual(made.toSorted(), special.toSorted());
    });

    test('a list of tables too long to tell is made coarser, never shorter', async () => {
      const many = Array.from({ length: 3_000 }, (_, i) => ({ schema: 'app', name: `missing_${i}` }));
      const tables = [...many, { schema: 'app', name: 'customer' }, { schema: 'app', name: 'event' }];
      const objects = await dumpSchema(server().url(database), { mode: 'table', schemas: ['app'], tables });
      assert.ok(named(objects).includes('TABLE app.customer'));
      assert.ok(named(objects).includes('TABLE app.event'));
      assert.ok(!named(objects).includes('VIEW public.summary'));
    });

    test('storage goes with each object', async () => {
      const source = await server().createDatabase();
      await server().query(source, `CREATE TABLESPACE "fast's" LOCATION ''`);
      await server().query(source, 'CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler');
      await server().query(
        source,
        `CREATE TABLE a (id integer PRIMARY KEY USING INDEX TABLESPACE "fast's");
       CREATE TABLE b (id integer PRIMARY KEY) TABLESPACE "fast's";
       CREATE TABLE c (id integer) USING other;
       CREATE INDEX on_c ON c (id) TABLESPACE "fast's";
       CREATE MATERIALIZED VIEW v TABLESPACE "fast's" AS SELECT * FROM a;`,
      );
      const objects = await dumpSchema(server().url(source));
      // Backwards, so that no object can lean on the SETs of the one before.
      const pre = objects.filter(({ type }) => ['ACCESS METHOD', 'TABLE', 'OWNER'].includes(type));
      const rest = objects.filter((object) => !pre.includes(object));
      const tables = pre.filter(({ type }) => type === 'TABLE').toReversed();
      const others = pre.filter(({ type }) => type !== 'TABLE');
      const copy = await createFrom(server(), [
        ...others.filter(({ type }) => type === 'ACCESS METHOD'),
        ...tables,
        ...rest.toReversed(),
      ]);
      const storage = `SELECT relname, spcname, amname FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = reltablespace
      LEFT JOIN pg_am a ON a.oid = relam WHERE relnamespace = 'public'::regnamespace ORDER BY 1`;
      assert.deepEqual(await server().query(copy, storage), await server().query(source, storage));
    });

    test('an abort ends the wait for a lock at once, in the server too', async () => {
      const blocker = new pg.Client({ connectionString: server().url(database) });
      await blocker.connect();
      await blocker.query('BEGIN; LOCK TABLE app.customer');
      const controller = new AbortController();
      const context: OperationContext = { ...quietContext(), signal: controller.signal };
      const connector = connectorOf(server().url(database));
      const token = await exportedSnapshot(server().url(database));
      const dump = dumpDdl(() => connector.openRaw(context.signal), everything, [], token.id, context);
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
      while ((await server().query('postgres', waiting)).length === 0) await sleep(20);
      controller.abort();
      await assert.rejects(dump, { code: 'aborted' });
      while ((await server().query('postgres', waiting)).length > 0) await sleep(20);
      await token.release();
      await blocker.end();
    });

    test('an abort before the start opens nothing', async () => {
      const context: OperationContext = { ...quietContext(), signal: AbortSignal.abort() };
      const open = (): never => assert.fail('was opened');
      await assert.rejects(dumpDdl(open, everything, [], 'x', context), { code: 'aborted' });
    });

    describe('errors', () => {
      const dumpAs = async (url: string, token: string) => {
        const context = quietContext();
        return dumpDdl(() => connectorOf(url).openRaw(context.signal), everything, [], token, context);
      };

      test('a snapshot that is gone', async () => {
        const url = server().url(database);
        const token = await exportedSnapshot(url);
        await token.release();
        for (const id of [token.id, 'nonsense']) {
          await assert.rejects(dumpAs(url, id), { code: 'snapshot-lost' });
        }
      });

      test('a table that may not be read, by its name', async () => {
        await server().query(database, 'CREATE ROLE stranger LOGIN; CREATE TABLE public.secret ()');
        const token = await exportedSnapshot(server().url(database));
        const url = server().url(database).replace('postgres@', 'stranger@');
        await assert.rejects(dumpAs(url, token.id), {
          code: 'database-privilege',
          message: /permission denied for /,
        });
        await token.release();
        await server().query(database, 'DROP TABLE public.secret');
      });

      test('a server that goes away', async () => {
        const token = await exportedSnapshot(server().url(database));
        const blocker = new pg.Client({ connectionString: server().url(database) });
        await blocker.connect();
        await blocker.query('BEGIN; LOCK TABLE app.customer');
        const dump = dumpAs(server().url(database), token.id);
        const victim =
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        const dumped = assert.rejects(dump, { code: 'database-unreachable' });
        while ((await server().query('postgres', victim)).length === 0) await sleep(20);
        await dumped;
        await blocker.end();
        await token.release();
      });

      test('a server newer than pg_dump', async () => {
        const context = quietContext();
        const open = async () => ({
          ...(await connectorOf(server().url(database)).openRaw(context.signal)),
          serverVersionNum: 190_001,
        });
        await assert.rejects(dumpDdl(open, everything, [], 'x', context), {
          code: 'unsupported',
          message: /PostgreSQL 19/,
        });
      });
    });
  },
  { settings: { allow_in_place_tablespaces: 'on' } },
);

async function exportedSnapshot(url: string): Promise<{ id: string; release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const { rows } = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
  return { id: rows[0]?.id ?? '', release: () => client.end() };
}
