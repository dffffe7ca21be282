import { inTurns } from '../in-turns.ts';
import { openArena } from '../postgres/arena.ts';
import { dataStatements } from '../postgres/data.ts';
import { type BenchResult, compare } from '../report.ts';
import type { StorageArena } from './storages.ts';

const database = 'bench';

/** The same export to S3 and to a folder: what the way over the network costs. */
export async function benchPostgresToS3({ settings, s3 }: StorageArena): Promise<readonly BenchResult[]> {
  const { rounds, threads } = settings;
  await using arena = await openArena(rounds, threads, true, { PUMPHOUSE_URL_ALLOW: '127.0.0.1' });
  await arena.server.createDatabase(database);
  for (const statement of dataStatements(settings.sizesMb[0] ?? 1000))
    await arena.server.query(database, statement);
  await arena.register(database);
  const { type, id, secret } = s3.credential;
  await arena.service.request('POST', '/api/v1/credentials', { name: 'ceph', type, id, secret });
  const location = s3.locationOf('postgres');
  const results: BenchResult[] = [];
  for (const compression of ['zstd', 'none']) {
    const body = { kind: 'export', database, mode: 'full', compression };
    const costs = await inTurns(`export, ${compression}`, arena, {
      s3: async () => {
        const cost = await arena.ours({ ...body, location, credential: 'ceph' });
        await s3.empty();
        return cost;
      },
      local: async () => {
        await arena.removeDumps();
        return arena.ours(body);
      },
    });
    results.push(compare(`PostgreSQL to S3, ${compression}`, 'to a folder', 0.9, costs.s3, costs.local));
  }
  return results;
}
