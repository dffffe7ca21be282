import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterClient } from './cluster-client.ts';
import type { StoreView } from './cluster-store.ts';
import type { PostgresServer } from './postgres.ts';
import type { ServiceJob } from './service-process.ts';

/** How long what a fault left may need to go: sessions by their time-outs, tickets by the supervision of the queue. */
const goneMs = 90_000;

interface LogLine {
  readonly event: string;
  readonly message: string;
  readonly data: { readonly schema?: string; readonly name?: string };
}

interface Manifest {
  readonly files: readonly { readonly name: string }[];
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly status: string;
    readonly units: readonly { readonly id: string; readonly file: string; readonly rows: number }[];
  }[];
}

/** The set of an export in a folder is whole and holds each unit once; no other file is there. Gives the number of its units. */
export async function assertSetOnce(dumps: string, name: string): Promise<number> {
  const folder = path.join(dumps, name);
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const found = (await filesBelow(folder)).map((file) => path.relative(folder, file));
  assert.deepEqual(found.toSorted(), manifest.files.map((file) => file.name).toSorted(), 'orphan files');
  const ids = manifest.tables.flatMap(({ units }) => units.map(({ id }) => id));
  assert.equal(new Set(ids).size, ids.length, 'a unit stands in the manifest twice');
  for (const table of manifest.tables) {
    assert.equal(table.status, 'complete', table.name);
    assert.equal(
      table.units.reduce((sum, { rows }) => sum + rows, 0),
      table.rows,
      `rows of ${table.name}`,
    );
  }
  return ids.length;
}

/** Files below a folder; none when there is no such folder. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files: string[] = [];
  for (const name of names) {
    const file = path.join(folder, name);
    if ((await stat(file)).isFile()) files.push(file);
  }
  return files;
}

/** The log tells of each table once (a process that dies right after the last unit may leave its line out); a new snapshot may tell again. */
export async function assertToldOnce(client: ClusterClient, { id, restarts }: ServiceJob): Promise<void> {
  const { items } = await client.request<{ readonly items: readonly LogLine[] }>(
    'GET',
    `/api/v1/jobs/${id}/log?limit=1000`,
  );
  const told = new Map<string, number>();
  for (const { event, data } of items) {
    if (event !== 'table') continue;
    const table = `${data.schema}.${data.name}`;
    told.set(table, (told.get(table) ?? 0) + 1);
  }
  const often = [...told].filter(([, times]) => times > 1 + restarts);
  assert.deepEqual(often, [], `tables that the log of job ${id} tells of more than once`);
  const ends = items.filter(
    ({ event, message }) => event === 'state' && message.startsWith('The job completed'),
  );
  assert.ok(ends.length <= 1, `the log of job ${id} tells of ${ends.length} ends`);
}

/** Waits until nothing of ours is left in the store and in the servers; throws what stays. */
export async function assertNothingLeft(
  view: StoreView,
  servers: readonly PostgresServer[],
  targets: readonly { readonly server: PostgresServer; readonly database: string }[] = [],
): Promise<void> {
  const remains = async (): Promise<readonly string[]> => {
    const found = [...(await view.remains())];
    for (const server of servers) {
      found.push(...(await words(server, 'postgres', sessions)));
      found.push(...(await words(server, 'postgres', scratchDatabases)));
    }
    for (const { server, database } of targets) found.push(...(await words(server, database, receipts)));
    return found;
  };
  const end = performance.now() + goneMs;
  for (;;) {
    const found = await remains();
    if (found.length === 0) return;
    if (performance.now() > end) assert.deepEqual(found, [], 'left behind');
    await sleep(200);
  }
}

const sessions =
  "SELECT 'session of ' || datname || ': ' || state || ' ' || left(query, 80) AS what FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
const scratchDatabases =
  "SELECT 'database ' || datname AS what FROM pg_database WHERE datname LIKE '%pumphouse%'";
const receipts = "SELECT 'schema ' || nspname AS what FROM pg_namespace WHERE nspname LIKE '%pumphouse%'";

async function words(server: PostgresServer, database: string, sql: string): Promise<readonly string[]> {
  return (await server.query(database, sql)).map(({ what }) => String(what));
}
