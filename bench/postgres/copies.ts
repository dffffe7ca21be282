import { inTurns } from '../in-turns.ts';
import { type BenchResult, compare } from '../report.ts';
import type { Arena } from './arena.ts';

const target = 'bench_copy';

/** From database to database without files. */
export async function benchCopies(arena: Arena, database: string): Promise<readonly BenchResult[]> {
  const { peers, server } = arena;
  const [source, destination] = [server.url(database), server.url(target)];
  const costs = await inTurns('copy', arena, {
    ours: async () => {
      await arena.freshDatabase(target);
      return arena.ours({ kind: 'copy', database, target, mode: 'full' });
    },
    pipe: async () => {
      await arena.freshDatabase(target);
      return peers.pgDumpRestore(source, destination);
    },
    pgcopydb: async () => {
      await arena.freshDatabase(target);
      return peers.pgcopydbClone(source, destination, await arena.peerPath('pgcopydb'));
    },
  });
  await arena.peerPath('pgcopydb');
  return [
    compare('copy', 'pg_dump -Z0 | pg_restore', 1.2, costs.ours, costs.pipe),
    compare('copy', 'pgcopydb clone, 2 + 2 jobs', 1.2, costs.ours, costs.pgcopydb),
  ];
}
