import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DryRunReport } from '../../src/core/job-report.ts';
import type { TestJob } from '../harness/app.ts';
import { startPostgres } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { type Body, openShopStage, predecessor, type ShopStage } from '../harness/shop-stage.ts';

/** Contents, filters, dry runs and remaps of an import, on the whole service with a real server. */

let stage: ShopStage;
before(async () => {
  stage = await openShopStage();
});
after(() => stage?.[Symbol.asyncDispose]());

describe('content', () => {
  test('metadata_only and then data_only make the whole', async () => {
    const database = await stage.target('');
    await stage.assertClean(await stage.importInto(database, { content: 'metadata_only' }));
    assert.equal(await stage.count(database, 'shop.orders'), 0);
    assert.match(await stage.partsOf(database, 'shop.orders'), /orders_customer .*stamp .*what was bought$/);
    await stage.server.query(
      database,
      "CREATE VIEW shop.mine AS TABLE shop.alone; INSERT INTO shop.alone VALUES (-1, 'mine')",
    );
    await stage.assertClean(await stage.importInto(database, { content: 'data_only' }));
    assert.equal(await stage.count(database, 'shop.alone'), 501);
    await stage.server.query(database, 'DROP VIEW shop.mine; DELETE FROM shop.alone WHERE id < 0');
    assert.deepEqual(
      await postgresState(stage.server, database),
      await postgresState(stage.server, 'source'),
    );
  });

  test('data_only truncate exchanges rows; without the tables it writes nothing', async () => {
    const database = await stage.target(predecessor);
    const job = await stage.importInto(database, { content: 'data_only', table_exists_action: 'truncate' });
    assert.equal(job.state, 'completed');
    assert.equal(job.error_count, 1);
    assert.equal(await stage.count(database, 'shop.customer'), 1000);
    assert.equal(await stage.count(database, 'shop.orders'), 3000);
    assert.equal(await stage.value(database, "SELECT to_regclass('shop.alone')"), 'null');
    assert.ok(
      (await stage.logOf(job)).some((line) =>
        /shop\.alone is left out: the target has no such table/.test(line),
      ),
    );

    const empty = await stage.target('');
    const refused = await stage.importInto(empty, { content: 'data_only' });
    assert.equal(refused.error?.code, 'table-unfit');
    await stage.assertNoTrace(empty);
  });

  test('actions that cannot give a row are refused with the field', async () => {
    const database = await stage.target('');
    for (const action of ['skip', 'replace']) {
      const body = {
        kind: 'import',
        database,
        file_pattern: stage.dump,
        content: 'data_only',
        table_exists_action: action,
      };
      const answer = await stage.app.call({ method: 'POST', path: '/api/v1/jobs', body });
      assert.equal(answer.status, 400, answer.body);
      assert.match(answer.body, /"table_exists_action"/);
    }
  });
});

describe('include and exclude', () => {
  const relations = (database: string): Promise<string> =>
    stage.value(
      database,
      `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'shop'`,
    );

  test('a table with what belongs to it, without its rows', async () => {
    const database = await stage.target('CREATE SCHEMA shop');
    await stage.assertClean(
      await stage.importInto(database, {
        include: [{ type: 'TABLE', name_expression: "= 'ALONE'" }],
        exclude: [{ type: 'TABLE_DATA' }],
      }),
    );
    assert.equal(await relations(database), 'alone alone_pkey');
    assert.equal(await stage.count(database, 'shop.alone'), 0);
    await stage.assertClean(
      await stage.importInto(database, { include: [{ type: 'TABLE_DATA', name_expression: "LIKE 'AL%'" }] }),
    );
    assert.equal(await stage.count(database, 'shop.alone'), 500);
  });

  test('excluded types and what needs them stay away', async () => {
    const database = await stage.target('');
    await stage.assertClean(
      await stage.importInto(database, {
        exclude: [
          { type: 'REF_CONSTRAINT' },
          { type: 'INDEX' },
          { type: 'TRIGGER' },
          { type: 'COMMENT' },
          { type: 'VIEW' },
        ],
      }),
    );
    assert.equal(await stage.partsOf(database, 'shop.orders'), 'shop.orders_pkey orders_pkey short');
    assert.equal(await stage.value(database, "SELECT to_regclass('shop.names')"), 'null');
    assert.equal(await stage.count(database, 'shop.busy'), 1000);
  });

  test('indexes alone, on tables that are there', async () => {
    const database = await stage.target(predecessor);
    await stage.assertClean(await stage.importInto(database, { include: [{ type: 'INDEX' }] }));
    assert.match(
      await stage.partsOf(database, 'shop.orders'),
      /^shop\.orders_customer orders_customer_fkey$/,
    );
  });

  test('what nothing passes is refused', async () => {
    const job = await stage.importInto(await stage.target(''), { include: [{ type: 'POLICY' }] });
    assert.equal(job.error?.code, 'selection-empty');
    assert.equal(job.error?.field, 'include');
  });
});

describe('dry run', () => {
  const reportOf = ({ id }: TestJob): Promise<DryRunReport> =>
    stage.app.json({ method: 'GET', path: `/api/v1/jobs/${id}/report` });
  const actions = (items: DryRunReport['objects'] | DryRunReport['tables']): Record<string, string> =>
    Object.fromEntries(
      items.map((item) => ['type' in item ? `${item.type} ${item.name}` : item.name, item.action]),
    );

  test('says object by object what would happen, and changes nothing', async () => {
    const database = await stage.target(`${predecessor} CREATE TABLE shop.alone (id int)`);
    const before = await postgresState(stage.server, database);
    const job = await stage.importInto(database, { dry_run: true, table_exists_action: 'truncate' });
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    const report = await reportOf(job);
    assert.equal(report.error, null);
    assert.deepEqual(actions(report.tables), { alone: 'refuse', customer: 'truncate', orders: 'truncate' });
    const objects = actions(report.objects);
    assert.equal(objects['TABLE orders'], 'truncate');
    assert.equal(objects['INDEX orders_customer'], 'skip');
    assert.equal(objects['TYPE mood'], 'skip');
    assert.equal(objects['VIEW names'], 'create');
    assert.deepEqual(await postgresState(stage.server, database), before);
  });

  test('an error that would stop the import is in the report', async () => {
    const database = await stage.target(predecessor);
    const report = await reportOf(await stage.importInto(database, { dry_run: true }));
    assert.equal(report.error?.code, 'object-exists');
    assert.equal(actions(report.objects)['TABLE orders'], 'refuse');
    assert.equal(actions(report.tables).alone, 'create');
    const empty = await reportOf(
      await stage.importInto(database, { dry_run: true, include: [{ type: 'POLICY' }] }),
    );
    assert.equal(empty.error?.code, 'selection-empty');
    assert.deepEqual(empty.objects, []);
  });

  test('a real run does what the dry run said', async () => {
    const database = await stage.target(predecessor);
    const options = { table_exists_action: 'append', exclude: [{ type: 'VIEW' }] };
    const report = await reportOf(await stage.importInto(database, { ...options, dry_run: true }));
    const job = await stage.importInto(database, options);
    await stage.assertClean(job);
    const expected = report.tables
      .filter(({ action }) => action !== 'skip')
      .reduce((sum, { rows: n }) => sum + n, 0);
    assert.equal(job.result?.rows, expected);
  });
});

describe('roles', () => {
  test('owners that the target lacks are named in one line, remap_owner and globals help', async () => {
    await using elsewhere = await startPostgres({ version: 17 });
    await stage.server.query('postgres', 'CREATE ROLE shop_owner; CREATE ROLE clerk');
    await stage.server.createDatabase('owned');
    await stage.server.query(
      'owned',
      'CREATE SCHEMA owned AUTHORIZATION shop_owner; CREATE TABLE owned.t (a int); ALTER TABLE owned.t OWNER TO shop_owner; GRANT SELECT ON owned.t TO clerk',
    );
    const set = await stage.exported('owned');

    const there = async (options: Body): Promise<{ readonly job: TestJob; readonly owner: string }> => {
      const name = await elsewhere.createDatabase();
      await stage.app.json({
        method: 'POST',
        path: '/api/v1/databases',
        body: { name, url: elsewhere.url(name) },
      });
      const job = await stage.importInto(name, { file_pattern: set, ...options });
      assert.equal(job.state, 'completed', JSON.stringify(job.error));
      const [row] = await elsewhere.query(
        name,
        "SELECT tableowner AS owner FROM pg_tables WHERE tablename = 't'",
      );
      return { job, owner: String(row?.owner) };
    };
    const plain = await there({});
    const lines = (await stage.logOf(plain.job)).filter((line) => line.includes('The target has no role'));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /no role clerk, shop_owner/);
    assert.ok(plain.job.error_count > 0);

    await elsewhere.query('postgres', 'CREATE ROLE other');
    const remapped = await there({
      remap_owner: [
        { source: 'SHOP_OWNER', target: 'OTHER' },
        { source: 'clerk', target: 'other' },
      ],
    });
    assert.equal(remapped.owner, 'other');
    await stage.assertClean(remapped.job);

    const complete = await there({ globals: true });
    assert.equal(complete.owner, 'shop_owner');
    await stage.assertClean(complete.job);
    // The second time the roles exist, and stay.
    await stage.assertClean((await there({ globals: true })).job);
  });
});

describe('remaps', () => {
  test('a table gets its new name with all that belongs to it, under the rules for tables that exist', async () => {
    const database = await stage.target(
      'CREATE SCHEMA store; CREATE TABLE store.purchases (id bigint, customer bigint, note text)',
    );
    const options = {
      remap_schemas: [{ source: 'SHOP', target: 'STORE' }],
      remap_tables: [{ table: 'SHOP.ORDERS', target: 'PURCHASES' }],
    };
    const refused = await stage.importInto(database, options);
    assert.equal(refused.error?.code, 'object-exists');
    assert.match(refused.error?.message ?? '', /store\.purchases/);
    await stage.assertClean(await stage.importInto(database, { ...options, table_exists_action: 'replace' }));
    assert.equal(await stage.count(database, 'store.purchases'), 3000);
    assert.match(await stage.partsOf(database, 'store.purchases'), /orders_customer .*what was bought$/);
    const unknown = await stage.importInto(database, {
      remap_tables: [{ table: 'shop.nothing', target: 'x' }],
    });
    assert.equal(unknown.error?.field, 'remap_tables');
  });
});
