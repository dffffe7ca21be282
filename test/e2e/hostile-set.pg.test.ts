import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DdlObject } from '../../src/core/catalogue.ts';
import type { DryRunReport } from '../../src/core/job-report.ts';
import { writeDataFile } from '../../src/dump/data-file.ts';
import { writeMaster } from '../../src/dump/master.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { localStorage, unitSource } from '../harness/dump-sample.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { recordingContext } from '../harness/recording-context.ts';

/** Dump sets that somebody made to do harm: whole by their digests, and nothing of them reaches the server. */

let server: PostgresServer;
let app: TestApp;
before(async () => {
  server = await startPostgres({ version: 17 });
  app = await startApp({ databases: {} });
});
after(async () => {
  await app?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const object = (type: string, name: string, sql: string, table: string | null = null): DdlObject => ({
  section: type === 'INDEX' ? 'post' : 'pre',
  type,
  schema: 'public',
  name,
  table,
  owner: null,
  sql,
});
const table = object('TABLE', 't', 'CREATE TABLE public.t (a integer);');

interface Set {
  readonly objects: readonly DdlObject[];
  readonly name?: string;
  readonly columns?: readonly string[];
}

/** Writes a set of one table with two rows. */
async function writeSet(folder: string, { objects, name = 't', columns = ['a'] }: Set): Promise<void> {
  const context = recordingContext();
  const storage = localStorage(app.dumps);
  const options = { ifExists: 'fail', coding: { compression: 'zstd', cipher: null } } as const;
  const unit = unitSource('0001-0001', Buffer.from('1\n2\n'));
  const data = await writeDataFile(
    storage,
    `${folder}/data/t.zst`,
    [unit],
    { ...options, expectedBytes: 4 },
    context,
  );
  await writeMaster(
    storage,
    { form: 'folder', folder },
    {
      job: { id: 'x', name: folder },
      createdAt: '2026-11-21T09:00:00.000Z',
      source: { engine: 'postgres', serverVersion: '17.0', database: 'src' },
      mode: 'full',
      encoding: 'text',
      coding: { compression: 'zstd', cipher: null },
      consistency: { kind: 'snapshot', note: '' },
      tables: [
        {
          schema: 'public',
          name,
          tablespace: null,
          columns: columns.map((column) => ({ name: column, type: 'integer' })),
          encoding: 'text',
          error: null,
          units: data.units,
          inlineUnits: [],
        },
      ],
      objects,
      files: [data.file],
    },
    [],
    options,
    context,
  );
}

async function importInto(database: string, body: Readonly<Record<string, unknown>>): Promise<TestJob> {
  const { id } = await app.json<{ readonly id: string }>({
    method: 'POST',
    path: '/api/v1/jobs',
    body: { kind: 'import', database, ...body },
  });
  return await app.settled(id);
}

async function target(): Promise<string> {
  const name = await server.createDatabase();
  await app.json({ method: 'POST', path: '/api/v1/databases', body: { name, url: server.url(name) } });
  return name;
}

const attacks: readonly (readonly [string, DdlObject])[] = [
  ['a program', object('TABLE', 'x', "COPY public.t FROM PROGRAM 'id';")],
  ['a second statement', object('VIEW', 'v', 'CREATE VIEW public.v AS SELECT 1; DROP DATABASE postgres;')],
  ['the end of the transaction', object('VIEW', 'v', 'COMMIT; CREATE VIEW public.v AS SELECT 1;')],
  ['another role', object('ROLE', 'x', 'CREATE ROLE x SUPERUSER; SET ROLE postgres;')],
  [
    'code that runs at once',
    object('FUNCTION', 'f()', "DO $$ BEGIN PERFORM pg_read_file('/etc/passwd'); END $$;"),
  ],
  ['a setting of the server', object('VIEW', 'v', "ALTER SYSTEM SET archive_command = 'id';")],
];

test('statements that no export writes refuse the whole set, before anything is written', async () => {
  const database = await target();
  const clean = await postgresState(server, database);
  for (const [index, [what, attack]] of attacks.entries()) {
    const set = `HOSTILE_${index}`;
    await writeSet(set, { objects: [table, attack] });
    const job = await importInto(database, { file_pattern: set, globals: true });
    assert.equal(job.error?.code, 'dump-damaged', `${what}: ${JSON.stringify(job)}`);
    assert.match(job.error?.message ?? '', new RegExp(`${attack.type} `), what);
    const dry = await importInto(database, { file_pattern: set, globals: true, dry_run: true });
    const report = await app.json<DryRunReport>({ method: 'GET', path: `/api/v1/jobs/${dry.id}/report` });
    assert.equal(report.error?.code, 'dump-damaged', what);
    assert.deepEqual(await postgresState(server, database), clean, what);
  }
});

test('what was excluded is not looked at, and the rest comes in', async () => {
  await writeSet('PARTLY', { objects: [table, object('VIEW', 'v', 'COMMIT;')] });
  const database = await target();
  const job = await importInto(database, { file_pattern: 'PARTLY', exclude: [{ type: 'VIEW' }] });
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  assert.equal(job.error_count, 0);
});

test('what is chosen under the name of one table and is about another one is refused, though that one was not chosen', async () => {
  const other = object('TABLE', 'other', 'CREATE TABLE public.other (a integer);');
  const database = await target();
  await server.query(database, 'CREATE TABLE public.other (a integer)');
  const clean = await postgresState(server, database);
  for (const [set, type, name, sql] of [
    ['GIVEN', 'ACL', 'TABLE other', 'GRANT ALL ON TABLE public.other TO PUBLIC;'],
    ['OWNED', 'OWNER', 'other', 'ALTER TABLE public.other OWNER TO postgres;'],
    ['TOLD', 'COMMENT', 'TABLE other', "COMMENT ON TABLE public.other IS 'x';"],
  ] as const) {
    await writeSet(set, { objects: [table, other, object(type, name, sql, 't')] });
    const job = await importInto(database, {
      file_pattern: set,
      mode: 'table',
      name_expressions: ["= 't'"],
      schema_expressions: ["= 'public'"],
    });
    assert.equal(job.error?.code, 'dump-damaged', `${set}: ${JSON.stringify(job)}`);
    assert.deepEqual(await postgresState(server, database), clean, set);
  }
});

test('names go out in quotes, whatever is in them', async () => {
  const evil = 't" ("a") FROM STDIN; DROP TABLE public.t; --';
  const database = await target();
  await server.query(database, 'CREATE TABLE public.t (a integer)');
  for (const [set, content] of [
    ['NAMES', { objects: [], name: evil }],
    ['COLUMNS', { objects: [], columns: [evil] }],
  ] as const) {
    await writeSet(set, content);
    const job = await importInto(database, { file_pattern: set, content: 'data_only' });
    assert.equal(job.error?.code, 'table-unfit', JSON.stringify(job));
  }
  // A table of that name gets the rows, and nothing else happens.
  await server.query(database, `CREATE TABLE public."${evil.replaceAll('"', '""')}" (a integer)`);
  const job = await importInto(database, { file_pattern: 'NAMES', content: 'data_only' });
  assert.equal(job.error_count, 0, JSON.stringify(job.error));
  assert.equal(job.result?.rows, 2);
  const [row] = await server.query(
    database,
    'SELECT count(*) AS n FROM pg_tables WHERE schemaname = $$public$$',
  );
  assert.equal(Number(row?.n), 2);
});
