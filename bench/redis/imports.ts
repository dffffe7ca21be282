import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { inTurns } from '../in-turns.ts';
import { type BenchResult, compare } from '../report.ts';
import type { Arena } from './arena.ts';

/** Into an empty server, against the same RESTORE commands by others, with the server's own loading as the floor. */
export async function benchImports(arena: Arena): Promise<readonly BenchResult[]> {
  const { peers, service, source, target } = arena;
  await arena.removeDumps();
  const { name } = await service.run({
    kind: 'export',
    database: 'source',
    mode: 'full',
    compression: 'none',
  });
  const rdb = await arena.peerPath('source.rdb');
  await peers.cliRdb(source, rdb);
  await copyFile(rdb, path.join(target.folder, 'dump.rdb'));
  const commands = await arena.peerPath('restore.resp');
  await peers.ioredisExport(source, commands);
  const keys = await source.call('DBSIZE');

  /** Every contestant begins with an empty server, and has to leave all keys in it. */
  const filled = async <T>(work: () => Promise<T>): Promise<T> => {
    await arena.emptyTarget();
    const cost = await work();
    const found = await target.call('DBSIZE');
    if (found !== keys) throw new Error(`The target holds ${String(found)} keys instead of ${String(keys)}.`);
    return cost;
  };
  const costs = await inTurns('import', arena, {
    ours: () => filled(() => arena.ours({ kind: 'import', database: 'target', file_pattern: name })),
    pipe: () => filled(() => peers.cliPipe(target, commands)),
    ioredis: () => filled(() => peers.ioredisImport(target, commands)),
    load: () => filled(() => peers.ownLoad(target)),
  });
  await arena.emptyTarget();
  await arena.removeDumps();
  return [
    compare('import', 'redis-cli --pipe, the same commands', 1, costs.ours, costs.pipe),
    compare('import', 'ioredis, pipelines of RESTORE', 2.5, costs.ours, costs.ioredis),
    compare('import', 'the server loads its own file (floor)', null, costs.ours, costs.load),
  ];
}
