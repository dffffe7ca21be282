import { inTurns } from '../in-turns.ts';
import { type BenchResult, compare } from '../report.ts';
import type { Arena } from './arena.ts';

/** The whole server as one snapshot, against the tool that comes with it. */
export async function benchExports(arena: Arena): Promise<readonly BenchResult[]> {
  const ours = async (compression: string) => {
    await arena.removeDumps();
    return arena.ours({ kind: 'export', database: 'source', mode: 'full', compression });
  };
  const costs = await inTurns('export', arena, {
    none: () => ours('none'),
    cli: async () => arena.peers.cliRdb(arena.source, await arena.peerPath('source.rdb')),
    zstd: () => ours('zstd'),
  });
  await arena.removeDumps();
  return [
    compare('export, uncompressed', 'redis-cli --rdb', 1, costs.none, costs.cli),
    compare('export, zstd', 'redis-cli --rdb', 1, costs.zstd, costs.cli),
  ];
}

/** Key by key, as where the server allows no replica, against the same commands by the usual client library. */
export async function benchScans(arena: Arena): Promise<readonly BenchResult[]> {
  const costs = await inTurns('export by SCAN', arena, {
    ours: async () => {
      await arena.removeDumps();
      return arena.ours({ kind: 'export', database: 'source_scan', mode: 'full', compression: 'none' });
    },
    ioredis: async () => arena.peers.ioredisExport(arena.source, await arena.peerPath('scan.resp')),
  });
  await arena.removeDumps();
  return [
    compare(
      'export by SCAN, uncompressed',
      'ioredis, SCAN and pipelines of DUMP',
      2,
      costs.ours,
      costs.ioredis,
    ),
  ];
}
