import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { runCommand } from '../harness/command-line.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { type PostgresServer, postgresVersions, withServers } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/*
 * The user that an installation makes does all that exports and imports need, made by a superuser and by an administrator as managed services have them; what the
 * administrator's password is, nobody learns. `PUMPHOUSE_INSTALL_CAMPAIGN=1` takes all versions of PostgreSQL with both.
 */

const adminPassword = 'Gu1llemot+77=Admin';
const isCampaign = process.env.PUMPHOUSE_INSTALL_CAMPAIGN === '1';
const versions = isCampaign ? postgresVersions : ([13, 18] as const);
/** A superuser; and one that has CREATEROLE and CREATEDB, and owns the database. From 16 on the second may do less than before. */
const administrators = (version: number) =>
  isCampaign ? ['postgres', 'keeper'] : version < 16 ? ['postgres'] : ['keeper'];

const sample = `
CREATE EXTENSION hstore WITH SCHEMA shop;
CREATE SEQUENCE shop.counter; SELECT setval('shop.counter', 41);
CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, price numeric CHECK (price >= 0));
CREATE TABLE shop.line (id serial PRIMARY KEY, item int REFERENCES shop.item, n int);
CREATE TABLE shop.event (at date, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_26 PARTITION OF shop.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO shop.item SELECT n, 'item ' || n, n FROM generate_series(1, 500) n;
INSERT INTO shop.line (item, n) SELECT 1 + n % 500, n FROM generate_series(1, 900) n;
INSERT INTO shop.event VALUES ('2026-05-01', 'spring');
CREATE INDEX line_item ON shop.line (item);
CREATE VIEW shop.dear AS SELECT * FROM shop.item WHERE price > 400;
CREATE MATERIALIZED VIEW shop.sums AS SELECT item, sum(n) FROM shop.line GROUP BY item;
CREATE FUNCTION shop.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
CREATE FUNCTION shop.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamps BEFORE UPDATE ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.stamp();
ALTER TABLE shop.line ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON shop.line USING (n > 0);
GRANT SELECT ON shop.item TO shop_reader;
SELECT lo_from_bytea(4711, 'a large object');`;

/** What is asked of the role in the source that it must not be let do. */
const tooMuch = [
  'SELECT * FROM pg_authid',
  'CREATE ROLE more',
  'CREATE DATABASE more',
  'DROP DATABASE template1',
  `COPY (SELECT 1) TO PROGRAM 'cat'`,
  `SELECT pg_read_file('postgresql.conf')`,
  'ALTER SYSTEM SET work_mem = 1',
  'SET ROLE keeper',
];

withServers(
  versions,
  (server, version) => {
    before(async () => {
      await server().query(
        'postgres',
        `CREATE ROLE keeper LOGIN CREATEROLE CREATEDB PASSWORD '${adminPassword}'; SET ROLE keeper;
CREATE ROLE shop_owner; CREATE ROLE shop_reader`,
      );
    });

    for (const admin of administrators(version)) {
      describe(`with the administrator ${admin}`, () => {
        const [source, target] = [`source_${admin}`, `target_${admin}`];
        let folder: TestFolder;
        let printed = '';
        let logged = 0;

        before(async () => {
          folder = await makeFolder();
          for (const name of [source, target]) await makeDatabase(server(), name, admin);
          await server().query(source, `SET ROLE shop_owner; CREATE SCHEMA shop; ${sample}`);
          logged = server().log().length;
        });
        after(() => folder[Symbol.asyncDispose]());

        const urlOf = (database: string) => `postgres://${admin}@127.0.0.1:${server().port}/${database}`;
        async function run(args: readonly string[], stdin = ''): Promise<{ code: number; text: string }> {
          const { code, stdout, stderr } = await runCommand([...args, '--data', folder.join('data')], {
            stdin,
          });
          printed += stdout + stderr;
          return { code, text: stdout + stderr };
        }
        async function ok(args: readonly string[], stdin = ''): Promise<string> {
          const { code, text } = await run(args, stdin);
          assert.equal(code, 0, `${args.join(' ')}: ${text}`);
          return text;
        }
        const administer = (verb: string, name: string, ...flags: readonly string[]) =>
          ok(
            ['database', verb, name, '--admin-url', urlOf(name), '--password-stdin', ...flags],
            `${adminPassword}\n`,
          );
        /** In the name of the role, since nobody knows its password. */
        const refused = async (database: string, sql: string): Promise<void> => {
          const client = new pg.Client({
            host: server().socketDir,
            port: server().port,
            user: 'postgres',
            database,
          });
          await client.connect();
          try {
            await client.query(`SET SESSION AUTHORIZATION pumphouse_${database}`);
            await assert.rejects(
              client.query(sql),
              (error: { code?: string }) => error.code === '42501',
              sql,
            );
          } finally {
            await client.end();
          }
        };

        it('shows what it would do, does it, and then has nothing to do', async () => {
          const planned = await administer('install', source, '--dry-run');
          assert.match(planned, /CREATE ROLE "pumphouse_source_\w+" LOGIN INHERIT PASSWORD '\[secret\]'/);
          assert.doesNotMatch(await ok(['database', 'list']), /source_/);
          const installed = await administer('install', source);
          assert.match(installed, /^Installed source_/);
          assert.match(installed, /db\.username\s+pumphouse_source_\w+\s+store, sealed/);
          assert.match(installed, /db\.password\s+\*{6}\s/);
          assert.match(await administer('install', source), /^Nothing to do/);
          assert.match(await administer('repair', source), /^Nothing to do/);
          assert.match(await administer('install', target, '--owner', 'shop_owner'), /^Installed target_/);
        });

        it('lets jobs export and import all there is', async () => {
          await ok(['export', source, '--to', folder.join('dumps'), '--file', 'ALL%U.DMP', '--threads', '2']);
          const imported = ['import', target, '--from', folder.join('dumps'), '--file', 'ALL%U.DMP'];
          await ok(imported);
          const [before, after] = [
            await postgresState(server(), source),
            await postgresState(server(), target),
          ];
          assert.deepEqual(after, before);
          await ok([...imported, '--content', 'data_only', '--table-exists', 'truncate']);
          if (isCampaign) await ok([...imported, '--table-exists', 'replace']);
          assert.deepEqual(await postgresState(server(), target), before);
          const jobs = JSON.parse(await ok(['jobs', 'list', '--json'])) as {
            name: string;
            error_count: number;
          }[];
          assert.deepEqual(
            jobs.filter(({ error_count }) => error_count > 0),
            [],
          );
          const [owner] = await server().query(
            target,
            `SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE oid = 'shop.item'::regclass`,
          );
          assert.deepEqual(owner, { owner: 'shop_owner' });
          const [mentions] = await server().query(
            target,
            `SELECT count(*)::int AS n FROM pg_class WHERE relacl::text ~ 'pumphouse_source'`,
          );
          assert.deepEqual(mentions, { n: 0 }, 'the rights of the role are no part of an export');
        });

        it('lets them do nothing else', async () => {
          for (const sql of tooMuch) await refused(source, sql);
        });

        it('mends what was broken', async () => {
          const role = `pumphouse_${source}`;
          const database = pg.escapeIdentifier(source);
          await server().query(
            source,
            `SET SESSION AUTHORIZATION ${admin}; ALTER ROLE ${role} NOLOGIN PASSWORD 'changed'; REVOKE shop_owner FROM ${role}; REVOKE CREATE ON DATABASE ${database} FROM ${role}`,
          );
          const repaired = await administer('repair', source);
          assert.match(repaired, /^Repaired source_/);
          for (const what of [
            /LOGIN of role/,
            /password of role/,
            /member of shop_owner/,
            /CREATE in database/,
          ]) {
            assert.match(repaired, what);
          }
          assert.match(await administer('repair', source), /^Nothing to do/);
          await ok(['export', source, '--to', folder.join('dumps'), '--file', 'AGAIN%U.DMP']);
        });

        it('goes without a trace but for the data', async () => {
          const before = await postgresState(server(), target);
          for (const name of [source, target]) {
            assert.match(await administer('uninstall', name), /^Uninstalled/);
            assert.match(await administer('uninstall', name), /^Nothing to do/);
          }
          assert.deepEqual(await postgresState(server(), target), before);
          const roles = await server().query(
            'postgres',
            `SELECT 1 FROM pg_roles WHERE rolname ~ '^pumphouse'`,
          );
          assert.deepEqual(roles, []);
          assert.doesNotMatch(await ok(['database', 'list']), /source_|target_/);
        });

        it('tells nobody the password of the administrator, nor that of the role', async () => {
          const inUrl = [
            'database',
            'install',
            source,
            '--admin-url',
            urlOf(source).replace('@', `:${adminPassword}@`),
          ];
          const { code, text } = await run(inUrl);
          assert.equal(code, 2, text);
          assert.match(text, /--password-stdin/);
          const wrong = ['database', 'install', source, '--admin-url', urlOf(source), '--password-stdin'];
          assert.equal((await run(wrong, `${adminPassword}?\n`)).code, 4);
          for (const secret of [adminPassword, encodeURIComponent(adminPassword)]) {
            assert.ok(!printed.includes(secret), 'printed');
            assert.ok(!server().log().slice(logged).includes(secret), 'logged by the server');
            assert.deepEqual(await filesHolding(folder.path, secret), []);
          }
          const passwords =
            server()
              .log()
              .slice(logged)
              .match(/PASSWORD '(?!changed').{13}/g) ?? [];
          assert.deepEqual([...new Set(passwords)], [`PASSWORD 'SCRAM-SHA-256`]);
        });
      });
    }
  },
  { password: adminPassword, settings: { log_statement: 'all' } },
);

async function makeDatabase(server: PostgresServer, name: string, admin: string): Promise<void> {
  await server.query('postgres', `CREATE DATABASE ${name} OWNER ${admin}`);
  await server.query('postgres', `GRANT CREATE ON DATABASE ${name} TO shop_owner`);
}
