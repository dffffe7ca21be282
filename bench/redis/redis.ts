import type { BenchSettings } from '../main.ts';
import { type BenchResult, memoryResult, report } from '../report.ts';
import { type Arena, openArena } from './arena.ts';
import { fill } from './data.ts';
import { benchExports, benchScans } from './exports.ts';
import { benchImports } from './imports.ts';

type Contest = (arena: Arena) => Promise<readonly BenchResult[]>;

/** By the word that `--only` takes. */
const contests: Readonly<Record<string, Contest>> = {
  export: benchExports,
  scan: benchScans,
  import: benchImports,
};

/** The most that the service may take. */
const memoryMb = 200;

/** Moves a server's keys with ours and with the tools that are at hand, in turns. */
export async function runRedisBenchmark(settings: BenchSettings): Promise<void> {
  const chosen = settings.only.length > 0 ? settings.only : Object.keys(contests);
  const unknown = chosen.filter((name) => contests[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`--only takes ${Object.keys(contests).join(', ')}, not ${unknown.join(', ')}`);
  }
  const [sizeMb = 1000] = settings.sizesMb;
  await using arena = await openArena(settings.rounds, settings.threads);
  process.stdout.write('Making the data ...\n');
  const keys = await fill(arena.source, sizeMb);
  const usedMb = Math.round(Number(await arena.source.info('used_memory')) / 1024 ** 2);
  process.stdout.write(`${keys} keys, ${usedMb} MB in the server's memory\n`);
  const results: BenchResult[] = [];
  for (const name of chosen) results.push(...((await contests[name]?.(arena)) ?? []));
  const peak = Math.max(...results.map(({ ours }) => ours.rss_mb));
  results.push(memoryResult(`the service, ${usedMb} MB`, peak, memoryMb));
  report(
    results,
    {
      node: process.version,
      redis: await arena.source.info('redis_version'),
      keys: String(keys),
      used_memory_mb: String(usedMb),
    },
    settings.json,
  );
}
