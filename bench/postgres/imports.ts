import { inTurns } from '../in-turns.ts';
import type { Cost } from '../measure.ts';
import { type BenchResult, compare } from '../report.ts';
import type { Arena } from './arena.ts';

const target = 'bench_import';

/** Imports of both encodings into an empty database, indexes and keys included. */
export async function benchImports(arena: Arena, database: string): Promise<readonly BenchResult[]> {
  const { peers, server } = arena;
  await arena.removeDumps();
  const exportOf = async (encoding: string): Promise<string> => {
    const { name } = await arena.service.run({
      kind: 'export',
      database,
      mode: 'full',
      threads: arena.threads,
      encoding,
    });
    return name;
  };
  const [text, binary] = [await exportOf('text'), await exportOf('binary')];
  const folder = await arena.peerPath('import');
  await peers.pgDump(['-Fd', '-j2', '-Z0', '-f', folder], server.url(database));

  const import_ = async (set: string): Promise<Cost> => {
    await arena.freshDatabase(target);
    return arena.ours({ kind: 'import', database: target, directory: 'DATA_PUMP_DIR', file_pattern: set });
  };
  const costs = await inTurns('import', arena, {
    text: () => import_(text),
    peer: async () => {
      await arena.freshDatabase(target);
      return peers.pgRestore(['-j2'], server.url(target), folder);
    },
    binary: () => import_(binary),
  });
  await arena.removeDumps();
  await arena.peerPath('import');
  return [
    compare('import, text', 'pg_restore -j2', 1.1, costs.text, costs.peer),
    compare('import, binary', 'pg_restore -j2', 1.4, costs.binary, costs.peer),
  ];
}
