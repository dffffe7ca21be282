import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import type { Engine, TargetSession } from '../../src/engines/engine.ts';
import { postgresEngine } from '../../src/engines/postgres/engine.ts';
import { openOperations } from '../harness/operations-fixture.ts';
import { featureRoles, featureSchema } from '../harness/postgres-feature-schema.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { openShopStage, predecessor, type ShopStage } from '../harness/shop-stage.ts';

/** What becomes of things that the target has already, on the whole service with a real server. */

let stage: ShopStage;
before(async () => {
  stage = await openShopStage();
});
after(() => stage?.[Symbol.asyncDispose]());

describe('table_exists_action', () => {
  test('absent: a table that exists refuses the job, and the remedy names the option', async () => {
    const database = await stage.target(predecessor);
    const before = await postgresState(stage.server, database);
    const job = await stage.importInto(database, {});
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'object-exists');
    assert.match(job.error?.hint ?? '', /table_exists_action/);
    assert.deepEqual(await postgresState(stage.server, database), before);
    await stage.assertNoTrace(database);
  });

  test('skip leaves tables with all that belongs to them, and makes the others', async () => {
    const database = await stage.target(predecessor);
    const job = await stage.importInto(database, { table_exists_action: 'skip' });
    await stage.assertClean(job);
    assert.equal(await stage.count(database, 'shop.customer'), 1);
    assert.equal(await stage.count(database, 'shop.orders'), 1);
    assert.equal(await stage.count(database, 'shop.alone'), 500);
    assert.equal(await stage.partsOf(database, 'shop.orders'), 'orders_customer_fkey');
    assert.equal(await stage.count(database, 'shop.names'), 1);
    assert.equal(job.result?.rows, 500);
    const log = await stage.logOf(job);
    assert.ok(
      log.some((line) => /table shop\.orders is skipped/.test(line)),
      log.join('\n'),
    );
    assert.ok(
      log.some((line) => /type shop\.mood exists already and is left as it is/.test(line)),
      log.join('\n'),
    );
    await stage.assertNoTrace(database);
  });

  test('append adds rows and nothing else, parents first', async () => {
    const database = await stage.target(predecessor);
    const job = await stage.importInto(database, { table_exists_action: 'append' });
    await stage.assertClean(job);
    assert.equal(await stage.count(database, 'shop.customer'), 1001);
    assert.equal(await stage.count(database, 'shop.orders'), 3001);
    assert.equal(await stage.partsOf(database, 'shop.orders'), 'orders_customer_fkey');
    assert.equal(await stage.value(database, "SELECT nextval('shop.orders_id_seq')"), '1');
    assert.equal(job.result?.rows, 4500);
    await stage.assertNoTrace(database);
  });

  test('truncate exchanges the rows, with the value of the sequence that belongs to them', async () => {
    const database = await stage.target(
      `${predecessor} CREATE SEQUENCE shop.counter; CREATE VIEW shop.old AS TABLE shop.orders;`,
    );
    await stage.assertClean(await stage.importInto(database, { table_exists_action: 'truncate' }));
    assert.equal(await stage.count(database, "shop.customer WHERE extra = 'old'"), 1000);
    assert.equal(await stage.count(database, 'shop.orders'), 3000);
    assert.equal(await stage.partsOf(database, 'shop.orders'), 'orders_customer_fkey');
    assert.equal(await stage.value(database, "SELECT nextval('shop.orders_id_seq')"), '3001');
    assert.equal(await stage.value(database, "SELECT nextval('shop.counter')"), '1');
    assert.equal(await stage.count(database, 'shop.old'), 3000);
    await stage.assertNoTrace(database);
  });

  test('replace makes tables anew, with all that belongs to them', async () => {
    const database = await stage.target(predecessor);
    await stage.assertClean(await stage.importInto(database, { table_exists_action: 'replace' }));
    const source = await postgresState(stage.server, 'source');
    const made = await postgresState(stage.server, database);
    // The type existed, and stays with the word that the set does not know.
    assert.equal(await stage.value(database, 'SELECT enum_last(NULL::shop.mood)'), 'great');
    const withoutTypes = ({ types: _, ...rest }: Record<string, unknown>) => rest;
    assert.deepEqual(withoutTypes(made as never), withoutTypes(source as never));
  });

  test('objects of other types that exist stay as they are, and are no errors', async () => {
    await stage.server.createDatabase('kinds');
    await stage.server.query(
      'kinds',
      `CREATE SCHEMA kinds; COMMENT ON SCHEMA kinds IS 'of the set'; CREATE EXTENSION hstore WITH SCHEMA kinds;
       CREATE COLLATION kinds.german (locale = 'C'); CREATE DOMAIN kinds.email AS text; COMMENT ON DOMAIN kinds.email IS 'of the set';
       CREATE TEXT SEARCH CONFIGURATION kinds.search (PARSER = pg_catalog."default");
       CREATE FUNCTION kinds.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION kinds.f(int) TO pg_monitor;
       CREATE OPERATOR FAMILY kinds.family USING btree; CREATE PUBLICATION published;
       CREATE FOREIGN DATA WRAPPER wrapper; CREATE SERVER far FOREIGN DATA WRAPPER wrapper;
       CREATE VIEW kinds.v AS SELECT 1 AS one; CREATE TABLE kinds.t (a int);`,
    );
    const set = await stage.exported('kinds');
    const database = await stage.target('');
    const again = { file_pattern: set, table_exists_action: 'skip' };
    await stage.assertClean(await stage.importInto(database, again));
    await stage.server.query(
      database,
      "COMMENT ON SCHEMA kinds IS 'mine'; COMMENT ON DOMAIN kinds.email IS 'mine'; DROP VIEW kinds.v",
    );
    const job = await stage.importInto(database, again);
    await stage.assertClean(job);
    assert.equal(await stage.value(database, "SELECT obj_description('kinds'::regnamespace)"), 'mine');
    assert.equal(await stage.value(database, "SELECT obj_description('kinds.email'::regtype)"), 'mine');
    assert.equal(await stage.count(database, 'kinds.v'), 1);
    const log = (await stage.logOf(job)).join('\n');
    for (const name of [
      'extension hstore',
      'schema kinds',
      'function kinds.f(integer)',
      'publication published',
      'server far',
    ])
      assert.ok(log.includes(`The ${name} exists already and is left as it is.`), `${name}\n${log}`);
  });

  test('a table that something else refers to is not replaced, and nothing is changed', async () => {
    const database = await stage.target(`${predecessor} CREATE VIEW shop.old AS TABLE shop.orders;`);
    const before = await postgresState(stage.server, database);
    const job = await stage.importInto(database, { table_exists_action: 'replace' });
    assert.equal(job.state, 'failed');
    assert.equal(job.error?.code, 'table-in-use');
    assert.match(job.error?.message ?? '', /shop\.old/);
    assert.deepEqual(await postgresState(stage.server, database), before);

    // With what was in the way gone, the job goes on from there.
    await stage.server.query(database, 'DROP VIEW shop.old');
    await stage.app.json({ method: 'POST', path: `/api/v1/jobs/${job.id}/resume` });
    const resumed = await stage.app.settled(job.id);
    await stage.assertClean(resumed);
    assert.equal(await stage.count(database, 'shop.orders'), 3000);
    await stage.assertNoTrace(database);
  });

  test('one of everything, brought twice', async () => {
    await stage.server.query('postgres', featureRoles);
    await stage.server.createDatabase('features');
    await stage.server.query('features', featureSchema(17));
    const set = await stage.exported('features');
    const database = await stage.target('');
    await stage.assertClean(await stage.importInto(database, { file_pattern: set }));
    const source = await postgresState(stage.server, 'features');
    for (const action of ['skip', 'truncate']) {
      const job = await stage.importInto(database, { file_pattern: set, table_exists_action: action });
      await stage.assertClean(job);
      assert.deepEqual(await postgresState(stage.server, database), source, action);
    }
  });

  test('partitions are tables of their own: replaced together, added to one that stays', async () => {
    await stage.server.createDatabase('parted');
    const parted = `CREATE SCHEMA parted; CREATE TABLE parted.event (at int NOT NULL, n int) PARTITION BY RANGE (at);
      CREATE TABLE parted.event_1 PARTITION OF parted.event FOR VALUES FROM (0) TO (100);`;
    await stage.server.query(
      'parted',
      `${parted} CREATE TABLE parted.event_2 PARTITION OF parted.event FOR VALUES FROM (100) TO (200);
       CREATE INDEX ON parted.event (n); ALTER TABLE parted.event ADD PRIMARY KEY (at);
       CREATE TABLE parted.note (at int REFERENCES parted.event);
       INSERT INTO parted.event SELECT g, g FROM generate_series(0, 199) g; INSERT INTO parted.note SELECT at FROM parted.event;`,
    );
    const set = await stage.exported('parted');
    const source = await postgresState(stage.server, 'parted');

    const replaced = await stage.target('');
    await stage.assertClean(await stage.importInto(replaced, { file_pattern: set }));
    await stage.assertClean(
      await stage.importInto(replaced, { file_pattern: set, table_exists_action: 'replace' }),
    );
    assert.deepEqual(await postgresState(stage.server, replaced), source);
    await stage.assertClean(
      await stage.importInto(replaced, { file_pattern: set, table_exists_action: 'truncate' }),
    );
    assert.deepEqual(await postgresState(stage.server, replaced), source);

    const grown = await stage.target(`${parted} INSERT INTO parted.event VALUES (50, -1)`);
    await stage.assertClean(
      await stage.importInto(grown, {
        file_pattern: set,
        table_exists_action: 'skip',
        exclude: [{ type: 'CONSTRAINT' }, { type: 'INDEX' }],
      }),
    );
    assert.equal(await stage.count(grown, 'parted.event'), 101);
  });

  test('a table that lacks columns is left out by name; the others get their rows', async () => {
    const database = await stage.target(
      'CREATE SCHEMA shop; CREATE TABLE shop.alone (id int PRIMARY KEY); INSERT INTO shop.alone VALUES (-1)',
    );
    for (const action of ['append', 'truncate']) {
      const job = await stage.importInto(database, {
        table_exists_action: action,
        mode: 'table',
        schema_expressions: ["= 'SHOP'"],
        name_expressions: ["IN ('ALONE')"],
      });
      assert.equal(job.state, 'failed');
      assert.equal(job.error?.code, 'table-unfit');
      assert.match(job.error?.message ?? '', /"Odd, column"/);
    }
    const job = await stage.importInto(database, { table_exists_action: 'truncate' });
    assert.equal(job.state, 'completed');
    assert.equal(job.error_count, 1);
    assert.equal(await stage.count(database, 'shop.alone'), 1);
    assert.equal(await stage.count(database, 'shop.orders'), 3000);
  });
});

test('tables are emptied once, even when the answer to it is lost', async () => {
  const database = await stage.server.createDatabase();
  await stage.server.query(database, 'CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)');
  let cleared = 0;
  const forgetful: Engine = {
    ...postgresEngine,
    async openTarget(target, context) {
      const session = await postgresEngine.openTarget(target, context);
      const clearTables: TargetSession['clearTables'] = async (...call) => {
        await session.clearTables?.(...call);
        cleared += 1;
        if (cleared > 1) return;
        await stage.server.query(database, 'INSERT INTO t VALUES (3)');
        throw new AppError('database-unreachable', { message: 'The connection was cut.' });
      };
      return { ...session, clearTables };
    },
  };
  await using operations = await openOperations({
    engine: forgetful,
    databases: { here: stage.server.url(database) },
  });
  const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
  const exported = await operations.run({ kind: 'export', database: 'here', encoding: 'text', selection });
  assert.equal(exported.job.state, 'completed', JSON.stringify(exported.job.error));
  const { job } = await operations.run({
    kind: 'import',
    database: 'here',
    filePattern: exported.job.name,
    selection: null,
    tableExistsAction: 'truncate',
  });
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  assert.equal(cleared, 2);
  // The row that came after the emptying is still there.
  assert.deepEqual(await stage.server.query(database, 'SELECT a FROM t ORDER BY a'), [
    { a: 1 },
    { a: 2 },
    { a: 3 },
  ]);
});
