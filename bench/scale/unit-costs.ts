import { setTimeout as sleep } from 'node:timers/promises';
import { formatTable } from '../../src/cli/format.ts';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import { type PumphouseCluster, startCluster } from '../../test/harness/pumphouse-cluster.ts';
import { type ServiceJob, startServiceProcess } from '../../test/harness/service-process.ts';
import { bytesPerRow, fillUnitDatabase } from '../../test/harness/unit-database.ts';
import { measure } from '../measure.ts';
import { openStoreLoad, type StoreLoad, type StoreLoadFigures } from './store-load.ts';

const database = 'units';
const units = 800;
/** The smallest that there is: what a unit costs besides its bytes is to show. */
const unitBytes = 64 * 1024;
const idleSeconds = 30;
const mostThreads = 9;

interface Run {
  readonly name: string;
  readonly units: number;
  readonly seconds: number;
  readonly threads: number;
  readonly load: StoreLoadFigures | null;
}

/** What a unit costs the store, and an instance at rest; docs/scaling.md computes with it. */
export async function benchUnitCosts(): Promise<void> {
  await using server = await startPostgres();
  await server.createDatabase(database);
  await fillUnitDatabase(server, database, {
    tables: 4,
    rowsPerTable: Math.round((units * unitBytes) / bytesPerRow / 4),
  });
  const runs: Run[] = [];
  for (const threads of [1, 3]) runs.push(await onSqlite(server, threads));
  for (const [instances, threads] of [
    [1, 1],
    [1, 3],
    [3, 3],
    [3, mostThreads],
  ] as const) {
    await using cluster = await startCluster({
      instances,
      flags: ['--workers', '3', '--unit-bytes', String(unitBytes)],
      storeSettings: { shared_preload_libraries: 'pg_stat_statements', max_connections: '200' },
    });
    await using load = await openStoreLoad(cluster.store);
    runs.push(await onCluster(cluster, load, server, threads));
    if (threads === mostThreads) await tellRest(cluster, load);
  }
  printRuns(runs);
}

const exportBody = (threads: number) => ({
  kind: 'export',
  database,
  mode: 'full',
  compression: 'none',
  location: 'null:',
  threads,
});

async function onSqlite(server: PostgresServer, threads: number): Promise<Run> {
  await using service = await startServiceProcess({ flags: ['--unit-bytes', String(unitBytes)] });
  await service.request('POST', '/api/v1/databases', { name: database, url: server.url(database) });
  await service.run(exportBody(threads));
  const job = await service.run(exportBody(threads));
  return { name: 'SQLite, one process', threads, ...took(job), load: null };
}

async function onCluster(
  { client, instances }: PumphouseCluster,
  load: StoreLoad,
  server: PostgresServer,
  threads: number,
): Promise<Run> {
  await client.request('POST', '/api/v1/databases', { name: database, url: server.url(database) });
  await client.run(exportBody(threads));
  await load.begin();
  const job = await client.run(exportBody(threads));
  const figures = await load.end();
  return { name: `PostgreSQL, instances: ${instances.length}`, threads, ...took(job), load: figures };
}

interface TimedJob extends ServiceJob {
  readonly started_at?: string;
  readonly finished_at?: string;
}

function took(job: TimedJob): { readonly units: number; readonly seconds: number } {
  const ms = Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '');
  return { units: job.progress.units_done, seconds: ms / 1000 };
}

/** Memory, connections and statements of instances that have nothing to do, and while they do. */
async function tellRest(cluster: PumphouseCluster, load: StoreLoad): Promise<void> {
  const { instances, client } = cluster;
  const count = instances.length;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  await sleep(5_000);
  await load.begin();
  const idle = await measure(
    () => instances[0]?.process.pid ?? null,
    () => sleep(idleSeconds * 1000),
  );
  const { calls, commits, notifies } = await load.end();
  const each = (figure: number) => (figure / idleSeconds / count).toFixed(1);
  say(
    `An instance at rest: ${each(calls)} statements, ${each(commits)} transactions and ${each(notifies)} NOTIFY a second at the store, ${idle.rss_mb} MB`,
  );
  say(`Connections of an instance at rest: ${((await load.connections()) / count).toFixed(1)}`);
  let most = 0;
  const busy = await measure(
    () => instances[0]?.process.pid ?? null,
    async () => {
      const { id } = await client.start(exportBody(mostThreads));
      const end = client.settled(id);
      let isOver = false;
      const over = end.then(() => {
        isOver = true;
      });
      while (!isOver) {
        most = Math.max(most, await load.connections());
        await sleep(100);
      }
      await over;
    },
  );
  say(`An instance at work: ${busy.rss_mb} MB, ${(most / count).toFixed(1)} connections to the store`);
}

function printRuns(runs: readonly Run[]): void {
  const rows = runs.map(({ name, units, seconds, threads, load }) => {
    const of = (figure: number | undefined, digits = 1) =>
      figure === undefined ? '' : (figure / units).toFixed(digits);
    return [
      name,
      String(threads),
      String(units),
      seconds.toFixed(2),
      ((seconds * 1000) / units).toFixed(2),
      ((seconds * 1000 * threads) / units).toFixed(2),
      of(load?.commits),
      of(load?.calls),
      of(load?.milliseconds, 2),
      of(load?.notifies, 2),
      of(load?.walBytes, 0),
    ];
  });
  const headings = ['store', 'threads', 'units', 's', 'ms/unit', 'slot ms/unit'];
  const ofStore = ['commits/unit', 'statements/unit', 'store ms/unit', 'NOTIFY/unit', 'WAL bytes/unit'];
  process.stdout.write(`${formatTable([...headings, ...ofStore], rows)}\n`);
}
