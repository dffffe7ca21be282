import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { inTurns } from '../in-turns.ts';
import type { Cost } from '../measure.ts';
import { type BenchResult, compare, compareSizes } from '../report.ts';
import type { Arena } from './arena.ts';

/** Exports to files, compressed and not, against what pg_dump can do with two jobs and in one pipe. */
export async function benchExports(arena: Arena, database: string): Promise<readonly BenchResult[]> {
  const { peers, server } = arena;
  const url = server.url(database);
  let ourBytes = 0;
  let theirBytes = 0;
  const export_ = async (compression: string): Promise<Cost> => {
    await arena.removeDumps();
    return arena.ours({ kind: 'export', database, mode: 'full', compression });
  };
  const costs = await inTurns('export', arena, {
    zstd: async () => {
      const cost = await export_('zstd');
      ourBytes = await bytesBelow(path.join(arena.service.data, 'dumps'));
      return cost;
    },
    gzip: async () => {
      const folder = await arena.peerPath('gzip');
      const cost = await peers.pgDump(['-Fd', '-j2', '-f', folder], url);
      theirBytes = await bytesBelow(folder);
      return cost;
    },
    pipe: async () => peers.pgDumpZstd(url, await arena.peerPath('pipe.zst')),
    none: () => export_('none'),
    plain: async () => peers.pgDump(['-Fd', '-j2', '-Z0', '-f', await arena.peerPath('plain')], url),
  });
  await arena.removeDumps();
  return [
    compare('export, zstd', 'pg_dump -Fd -j2', 3.5, costs.zstd, costs.gzip),
    compareSizes('size of the export, zstd', 'pg_dump -Fd -j2', 1, ourBytes, theirBytes),
    compare('export, zstd', 'pg_dump -Fc -Z0 | zstd -1', 1.2, costs.zstd, costs.pipe),
    compare('export, uncompressed', 'pg_dump -Fd -j2 -Z0', 1, costs.none, costs.plain),
  ];
}

/** The same where one table holds 80 % of the data: the peer's jobs work on one table each. */
export async function benchSkewedExport(arena: Arena, database: string): Promise<readonly BenchResult[]> {
  const url = arena.server.url(database);
  const costs = await inTurns('export, one large table', arena, {
    ours: async () => {
      await arena.removeDumps();
      return arena.ours({ kind: 'export', database, mode: 'full', compression: 'none' });
    },
    theirs: async () => arena.peers.pgDump(['-Fd', '-j2', '-Z0', '-f', await arena.peerPath('skewed')], url),
  });
  await arena.removeDumps();
  return [
    compare('export, uncompressed, one table of 80 %', 'pg_dump -Fd -j2 -Z0', 1.5, costs.ours, costs.theirs),
  ];
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
