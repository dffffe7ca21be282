import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { runCommand } from '../harness/command-line.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { postgresState } from '../harness/postgres-state.ts';
import { type ServiceJob, type ServiceProcess, startServiceProcess } from '../harness/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

/** A database server with a network of its own before it. */
export interface Side extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly proxy: TcpProxy;
}

export async function openSide(options: PostgresOptions = {}): Promise<Side> {
  const server = await startPostgres(options);
  const proxy = await startTcpProxy(server.port);
  return {
    server,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The service as users run it, and what they see of their jobs. */
export interface FaultStage extends AsyncDisposable {
  readonly service: ServiceProcess;
  /** Registers a database of a server under its own name, by way of the proxy. `user`: instead of the superuser. */
  register(side: Side, database: string, user?: string): Promise<void>;
  /** Makes an empty database and registers it. */
  makeTarget(side: Side, database: string): Promise<void>;
  /** Starts a job and gives its id. */
  start(body: Readonly<Record<string, unknown>>): Promise<string>;
  /** The messages of its log. */
  log(id: string): Promise<readonly string[]>;
  /** What `pumphouse jobs show` prints. */
  shown(id: string): Promise<string>;
  /** Waits for a line of the job's log and gives it; fails when the job comes to rest without. */
  line(id: string, pattern: RegExp): Promise<string>;
  /** Waits until the job rests. */
  settled(id: string): Promise<ServiceJob>;
  resume(id: string): Promise<void>;
  /** Waits until the job is completed; fails with its log when it ends otherwise or with errors. */
  completed(id: string): Promise<readonly string[]>;
}

export async function openFaultStage(flags: readonly string[] = []): Promise<FaultStage> {
  // Small units, so that there is much to lose.
  const service = await startServiceProcess({ flags: ['--unit-bytes', '262144', ...flags] });
  const log = async (id: string): Promise<readonly string[]> => {
    const { items } = await service.request<{ readonly items: readonly { readonly message: string }[] }>(
      'GET',
      `/api/v1/jobs/${id}/log?limit=1000`,
    );
    return items.map(({ message }) => message);
  };
  const register: FaultStage['register'] = async ({ proxy }, database, user = 'postgres') => {
    const url = `postgres://${user}@127.0.0.1:${proxy.port}/${database}`;
    await service.request('POST', '/api/v1/databases', { name: database, url });
  };
  return {
    service,
    register,
    async makeTarget(side, database) {
      await side.server.createDatabase(database);
      await register(side, database);
    },
    start: async (body) => (await service.start({ threads: 2, ...body })).id,
    log,
    async shown(id) {
      const { code, stdout, stderr } = await runCommand(['jobs', 'show', id, '--data', service.data]);
      assert.equal(code, 0, stderr);
      return stdout;
    },
    async line(id, pattern) {
      for (;;) {
        const { state } = await service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
        const lines = await log(id);
        const found = lines.find((message) => pattern.test(message));
        if (found !== undefined) return found;
        const rests = ['completed', 'failed', 'stopped', 'cancelled'].includes(state);
        assert.ok(!rests, `${state} without a line like ${pattern}:\n${lines.join('\n')}`);
        await sleep(20);
      }
    },
    settled: (id) => service.settled(id),
    async resume(id) {
      await service.request('POST', `/api/v1/jobs/${id}/resume`);
    },
    async completed(id) {
      const job = await service.settled(id);
      const lines = await log(id);
      assert.deepEqual([job.state, job.error_count], ['completed', 0], lines.join('\n'));
      return lines;
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

/** Whoever holds this advisory lock of a database keeps the index `chapter_gate` from being built there. */
const gate = 42;

/** A session that keeps the gate of a database closed until it opens it, or is gone. */
export interface Gate extends AsyncDisposable {
  open(): Promise<void>;
}

export async function closeGate(url: string): Promise<Gate> {
  const client = new pg.Client(url);
  // Its server may crash.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SELECT pg_advisory_lock(${gate})`);
  let isOpen = false;
  const open = async (): Promise<void> => {
    if (!isOpen) await client.end().catch(() => undefined);
    isOpen = true;
  };
  return { open, [Symbol.asyncDispose]: open };
}

/** Tables of about 600 KB each, that are done one after the other, with keys between them. */
export const chapters = 6;
const statements: readonly string[] = [
  `CREATE FUNCTION pass(id int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
   $$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock_shared(${gate}); RETURN id; END $$`,
  'CREATE TABLE book (id int PRIMARY KEY, title text NOT NULL)',
  "INSERT INTO book SELECT g, 'Book ' || g FROM generate_series(1, 500) g",
  ...Array.from({ length: chapters }, (_, index) => [
    `CREATE TABLE chapter_${index} (id int PRIMARY KEY, book int REFERENCES book, body text)`,
    `INSERT INTO chapter_${index} SELECT g, 1 + g % 500, repeat(md5(g::text), 4) FROM generate_series(1, 4000) g`,
    `CREATE INDEX chapter_${index}_book ON chapter_${index} (book)`,
  ]).flat(),
  'CREATE INDEX chapter_gate ON chapter_0 (pass(id)) WHERE id = 7',
  'CREATE VIEW thick AS SELECT book, count(*) AS chapters FROM chapter_0 GROUP BY book',
  'VACUUM ANALYZE',
];

/** Makes a database with the tables and registers it; gives what it holds. */
export async function makeLibrary(stage: FaultStage, side: Side, name = 'library'): Promise<State> {
  await side.server.createDatabase(name);
  for (const statement of statements) await side.server.query(name, statement);
  await stage.register(side, name);
  return postgresState(side.server, name);
}

export type State = Awaited<ReturnType<typeof postgresState>>;

/** The job ended right: the target holds what the source does, once, and nothing of the job is left there. */
export async function checkTarget({ server }: Side, database: string, expected: State): Promise<void> {
  assert.deepEqual(await postgresState(server, database), expected);
  const receipts = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pumphouse%'";
  assert.deepEqual(await server.query(database, receipts), []);
  await checkConnections(server, database);
}

/** Connections may take a moment to end after their job. */
export async function checkConnections(server: PostgresServer, database: string): Promise<void> {
  const query = `SELECT state, query FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
  for (let left = 100; left > 0 && (await server.query(database, query)).length > 0; left -= 1)
    await sleep(50);
  assert.deepEqual(await server.query(database, query), []);
}

/** The set that an export made: it is whole, and holds what the source does. */
export async function checkSet(
  stage: FaultStage,
  side: Side,
  exportId: string,
  expected: State,
): Promise<void> {
  const { name } = await stage.settled(exportId);
  await stage.service.run({ kind: 'verify', file_pattern: name });
  const database = `of_${exportId}`;
  await stage.makeTarget(side, database);
  await stage.completed(await stage.start({ kind: 'import', database, file_pattern: name }));
  await checkTarget(side, database, expected);
}

/** Waits until a query finds something, and gives the first row. */
export async function found(
  server: PostgresServer,
  database: string,
  query: string,
): Promise<Record<string, unknown>> {
  for (;;) {
    const [row] = await server.query(database, query);
    if (row !== undefined) return row;
    await sleep(20);
  }
}
