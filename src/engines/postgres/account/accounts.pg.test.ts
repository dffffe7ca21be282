import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { AppError } from '../../../core/errors.ts';
import type { AccountRequest } from '../../accounts.ts';
import { createPostgresEngine } from '../engine.ts';

const engine = createPostgresEngine();
const { accounts } = engine;
assert.ok(accounts);
const { open, targetOf } = accounts;
const context = quietContext();

const asked: AccountRequest = {
  user: 'pumphouse_shop',
  password: 'Sk-9_generated',
  label: 'shop',
  readOnly: false,
  schemas: null,
  owners: [],
};

describe('roles for jobs', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres({
      version: 18,
      password: 'Adm1n+secret',
      settings: { log_statement: 'all' },
    });
    await server.query(
      'postgres',
      `CREATE ROLE shop_owner; CREATE ROLE strong_owner CREATEDB;
CREATE ROLE keeper LOGIN CREATEROLE CREATEDB PASSWORD 'keeper-secret';`,
    );
  });
  after(() => server?.[Symbol.asyncDispose]());

  const admin = (database: string) => engine.parseUrl(server.url(database));
  const sqlAs = async (database: string, password: string, sql: string): Promise<unknown[]> => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: server.port,
      user: asked.user,
      password,
      database,
    });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  };
  const refused = (database: string, sql: string) =>
    assert.rejects(
      sqlAs(database, asked.password as string, sql),
      (error: { code?: string }) => error.code === '42501',
      sql,
    );

  it('are planned without a word to the server, made as a whole, and found whole the second time', async () => {
    const database = await server.createDatabase();
    await server.query(
      database,
      `CREATE SCHEMA shop AUTHORIZATION shop_owner; SET ROLE shop_owner; CREATE TABLE shop.item (id int); INSERT INTO shop.item VALUES (1);
CREATE SEQUENCE shop.counter; CREATE VIEW shop.all_items AS SELECT * FROM shop.item; RESET ROLE;
CREATE SCHEMA strong AUTHORIZATION strong_owner; CREATE TABLE strong.t (id int); ALTER TABLE strong.t OWNER TO strong_owner;
CREATE TABLE public.ours (id int); SELECT lo_create(4711)`,
    );
    const logged = server.log().length;
    await using session = await open(admin(database), context);
    const jobs = (password: string) => targetOf(admin(database), { user: asked.user, password });
    const plan = await session.planInstall(asked);
    assert.equal(await session.standing(asked.user, 'shop'), 'none');
    assert.match(
      plan.steps[0]?.statement ?? '',
      /^CREATE ROLE "pumphouse_shop" LOGIN INHERIT PASSWORD '\[secret\]'$/,
    );
    assert.deepEqual(await plan.carryOut(), []);
    assert.equal(await session.standing(asked.user, 'shop'), 'ours');
    assert.equal(await session.standing(asked.user, 'other'), 'foreign');
    const again = await session.planInstall({ ...asked, password: null });
    assert.deepEqual(again.steps, []);
    assert.ok(
      again.notes.some((note) => /strong_owner/.test(note)),
      'who could make databases is not joined',
    );
    assert.equal(await session.check(jobs('Sk-9_generated')), 'works');
    assert.equal(await session.check(jobs('another')), 'refused');
    assert.equal(await session.check(engine.parseUrl(server.url('postgres'))), 'elsewhere');

    const password = 'Sk-9_generated';
    assert.equal((await sqlAs(database, password, 'SELECT * FROM shop.item')).length, 1);
    await sqlAs(
      database,
      password,
      'ALTER TABLE shop.item ADD note text; TRUNCATE shop.item; SELECT setval($$shop.counter$$, 7)',
    );
    await sqlAs(
      database,
      password,
      'INSERT INTO public.ours VALUES (1); TRUNCATE public.ours; INSERT INTO strong.t VALUES (1)',
    );
    await sqlAs(
      database,
      password,
      'SELECT lo_get(4711); CREATE SCHEMA fresh; CREATE TABLE public.mine (id int)',
    );
    await sqlAs(database, password, 'CREATE TABLE fresh.t (id int); ALTER SCHEMA fresh OWNER TO shop_owner');
    await refused(database, 'SELECT * FROM pg_authid');
    await refused(database, 'CREATE ROLE more');
    await refused(database, 'CREATE DATABASE more');
    await refused(database, 'DROP DATABASE template1');
    await refused(database, 'DROP TABLE public.ours');
    await refused(database, 'DELETE FROM public.ours');
    await refused(database, 'SET ROLE strong_owner');
    await refused(database, `COPY public.ours TO PROGRAM 'cat'`);
    await refused(database, 'ALTER TABLE strong.t ADD note text');
    await refused(database, 'ALTER SYSTEM SET work_mem = 1');
    const removal = await session.planRemoval(asked.user);
    await removal.carryOut();
    assert.deepEqual((await session.planRemoval(asked.user)).steps, []);
    const [left] = await server.query(
      database,
      `SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'public.mine'::regclass`,
    );
    assert.deepEqual(left, { owner: 'postgres' }, 'what the role owned stays');
    assert.doesNotMatch(
      server.log().slice(logged),
      /Sk-9_generated|Adm1n/,
      'no password stands in the log of the server',
    );
    assert.match(server.log(), /SCRAM-SHA-256\$4096/);
  });

  it('are made by a managed service: administrators without superuser', async () => {
    const name = await server.createDatabase();
    await server.query('postgres', `ALTER DATABASE ${pg.escapeIdentifier(name)} OWNER TO keeper`);
    const url = server.url(name).replace(/\/\/[^@]*@/, '//keeper:keeper-secret@');
    await server.query(name, 'CREATE SCHEMA theirs; CREATE TABLE theirs.t (id int)');
    await using session = await open(engine.parseUrl(url), context);
    const plan = await session.planInstall(asked);
    assert.deepEqual(await plan.carryOut(), []);
    assert.ok(
      plan.notes.some((note) => /"theirs"."t"/.test(note)),
      plan.notes.join('\n'),
    );
    assert.deepEqual((await session.planInstall({ ...asked, password: null })).steps, []);
    await sqlAs(name, 'Sk-9_generated', 'CREATE SCHEMA fresh; CREATE TABLE public.mine (id int)');
    await refused(name, 'SELECT * FROM theirs.t');
    await refused(name, 'CREATE ROLE more');
    await (await session.planRemoval(asked.user)).carryOut();
    assert.equal(await session.standing(asked.user, 'shop'), 'none');
  });

  it('hold imports to schemas', async () => {
    const database = await server.createDatabase();
    await using session = await open(admin(database), context);
    const request = { ...asked, schemas: ['one'] };
    await (await session.planInstall(request)).carryOut();
    assert.deepEqual((await session.planInstall({ ...request, password: null })).steps, []);
    await sqlAs(
      database,
      'Sk-9_generated',
      'CREATE TABLE one.t (id int); CREATE TABLE _pumphouse.receipt (id int)',
    );
    await refused(database, 'CREATE SCHEMA other');
    await refused(database, 'CREATE TABLE public.t (id int)');
    // Somebody has given it the database meanwhile, too.
    await server.query(database, `ALTER DATABASE ${pg.escapeIdentifier(database)} OWNER TO pumphouse_shop`);
    await (await session.planRemoval(asked.user)).carryOut();
    assert.deepEqual(
      await server.query(database, `SELECT 1 FROM pg_namespace WHERE nspname = '_pumphouse'`),
      [],
    );
    assert.equal((await server.query(database, 'SELECT * FROM one.t')).length, 0, 'data stays');
  });

  it('only read where that is asked for', async () => {
    const database = await server.createDatabase();
    await server.query(
      database,
      'CREATE TABLE public.t (id int); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW LEVEL SECURITY',
    );
    await using session = await open(admin(database), context);
    await (await session.planInstall({ ...asked, readOnly: true })).carryOut();
    assert.equal(
      (await sqlAs(database, 'Sk-9_generated', 'SELECT * FROM public.t')).length,
      1,
      'row security too',
    );
    for (const sql of [
      'INSERT INTO public.t VALUES (2)',
      'CREATE SCHEMA s',
      'CREATE TABLE public.u (id int)',
    ]) {
      await refused(database, sql);
    }
    await (await session.planRemoval(asked.user)).carryOut();
  });

  it('are not made, and nothing is left, when the administrator may not', async () => {
    const database = await server.createDatabase();
    await server.query('postgres', `CREATE ROLE nobody LOGIN PASSWORD 'n'`);
    const url = server.url(database).replace(/\/\/[^@]*@/, '//nobody:n@');
    await using session = await open(engine.parseUrl(url), context);
    const plan = await session.planInstall(asked);
    await assert.rejects(
      plan.carryOut(),
      (error) => error instanceof AppError && error.code === 'database-privilege',
    );
    assert.equal(await session.standing(asked.user, 'shop'), 'none');
    await assert.rejects(session.planInstall({ ...asked, user: 'pg_x' }), {
      code: 'field-invalid',
      field: 'user',
    });
    await assert.rejects(session.planInstall({ ...asked, owners: ['postgres'] }), { field: 'owners' });
  });

  it('are not removed while other databases need them', async () => {
    const [one, two] = [await server.createDatabase(), await server.createDatabase()];
    await using session = await open(admin(one), context);
    await (await session.planInstall(asked)).carryOut();
    await server.query(two, `CREATE TABLE public.t (id int); GRANT SELECT ON public.t TO pumphouse_shop`);
    await assert.rejects(session.planRemoval(asked.user), (error) => {
      assert.ok(error instanceof AppError);
      return error.code === 'account-in-use' && error.message.includes(two);
    });
    await server.query(two, 'DROP OWNED BY pumphouse_shop');
    await (await session.planRemoval(asked.user)).carryOut();
  });
});
