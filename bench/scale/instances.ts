import { startNginx } from '../../test/harness/nginx.ts';
import { startPostgres } from '../../test/harness/postgres.ts';
import { startCluster } from '../../test/harness/pumphouse-cluster.ts';
import { startTcpProxy } from '../../test/harness/tcp-proxy.ts';
import { bytesPerRow, fillUnitDatabase } from '../../test/harness/unit-database.ts';
import { inTurns } from '../in-turns.ts';
import type { BenchSettings } from '../main.ts';
import { type Cost, median, round } from '../measure.ts';
import { type BenchResult, ratioResult, report } from '../report.ts';

const database = 'units';
/** What one connection to the storage brings: so little that processors and database wait for it. */
const connectionRate = 2_000_000;
const megabytes = 120;
/** Units that one instance moves at once; the job may run those of all three. */
const workers = 2;
const most = 3;
const goal = 0.9;

/**
 * One export to a real HTTP server each of whose connections is slow, by 1, 2 and 3 instances: what the storage gives is to grow with them. Of each
 * round the ratio is the speed-up against one instance, as a share of their number.
 */
export async function benchInstances({ rounds, json }: BenchSettings): Promise<void> {
  await using server = await startPostgres();
  await server.createDatabase(database);
  const tables = 6;
  const rowsPerTable = Math.round((megabytes * 1_000_000) / bytesPerRow / tables);
  await fillUnitDatabase(server, database, { tables, rowsPerTable });
  await using storage = await startNginx();
  await using line = await startTcpProxy(storage.port);
  line.limit(connectionRate, 'both');

  let sets = 0;
  const exportBy = async (instances: number): Promise<Cost> => {
    await using cluster = await startCluster({
      instances,
      flags: ['--workers', String(workers), '--unit-bytes', '1MiB', '--url-allow', line.host],
    });
    const { client } = cluster;
    await client.request('POST', '/api/v1/databases', { name: database, url: server.url(database) });
    const { id } = await client.run({
      kind: 'export',
      database,
      mode: 'full',
      compression: 'none',
      location: `http://${line.host}:${line.port}/files/set${++sets}`,
      threads: workers * most,
    });
    const job = await client.request<{ readonly started_at: string; readonly finished_at: string }>(
      'GET',
      `/api/v1/jobs/${id}`,
    );
    const seconds = (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000;
    return { wall_s: round(seconds), cpu_s: 0, rss_mb: 0 };
  };
  const costs = await inTurns(
    'one export by several instances',
    { rounds, warmUp: false },
    {
      one: () => exportBy(1),
      two: () => exportBy(2),
      three: () => exportBy(3),
    },
  );
  const result = (instances: number, ours: readonly Cost[]): BenchResult => {
    const shares = ours.map(({ wall_s }, at) => (costs.one[at]?.wall_s ?? 0) / wall_s / instances);
    return ratioResult(
      `export of ${megabytes} MB by ${instances} instances, ${connectionRate / 1e6} MB/s for each connection`,
      `${instances} times one instance`,
      goal,
      median(shares),
      ours,
      costs.one,
    );
  };
  report([result(2, costs.two), result(3, costs.three)], { node: process.version, postgres: '17' }, json);
}
