import type { BenchSettings } from '../main.ts';
import { type BenchResult, memoryResult, report } from '../report.ts';
import { type Arena, openArena } from './arena.ts';
import { benchCopies } from './copies.ts';
import { dataStatements, skewedStatements } from './data.ts';
import { benchEmission } from './emission.ts';
import { benchExports, benchSkewedExport } from './exports.ts';
import { benchImports } from './imports.ts';
import { benchManyTables } from './many-tables.ts';

const database = 'bench';
const skewed = 'bench_skewed';
/** Above it a round takes minutes, and its first seconds do not matter. */
const largestWarmUpMb = 1000;

type Contest = (arena: Arena, sizeMb: number) => Promise<readonly BenchResult[]>;

/** By the word that `--only` takes. */
const contests: Readonly<Record<string, Contest>> = {
  export: (arena) => benchExports(arena, database),
  skewed: async (arena, sizeMb) => {
    await fill(arena, skewed, skewedStatements(sizeMb));
    const results = await benchSkewedExport(arena, skewed);
    await arena.server.query('postgres', `DROP DATABASE ${skewed}`);
    return results;
  },
  emission: (arena) => benchEmission(arena, database),
  import: (arena) => benchImports(arena, database),
  copy: (arena) => benchCopies(arena, database),
};

/** Moves data of each size with ours and with the native tools, in turns. */
export async function runPostgresBenchmark(settings: BenchSettings): Promise<void> {
  const chosen = settings.only.length > 0 ? settings.only : [...Object.keys(contests), 'tables'];
  const unknown = chosen.filter((name) => name !== 'tables' && contests[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(
      `--only takes ${[...Object.keys(contests), 'tables'].join(', ')}, not ${unknown.join(', ')}`,
    );
  }
  const results: BenchResult[] = [];
  const memory: { readonly sizeMb: number; readonly megabytes: number }[] = [];
  let version = '';
  for (const sizeMb of settings.sizesMb) {
    // A server and a service for each size, so that the memory of one is not that of the other.
    await using arena = await openArena(settings.rounds, settings.threads, sizeMb <= largestWarmUpMb);
    version = String((await arena.server.query('postgres', 'SHOW server_version'))[0]?.server_version);
    const bulk = chosen.filter((name) => contests[name] !== undefined);
    if (bulk.length > 0) await fill(arena, database, dataStatements(sizeMb));
    const own: BenchResult[] = [];
    for (const name of bulk) {
      const found = (await contests[name]?.(arena, sizeMb)) ?? [];
      own.push(...found.map((result) => ({ ...result, work: `${result.work}, ${sizeMb} MB` })));
    }
    results.push(...own);
    if (own.length > 0) memory.push({ sizeMb, megabytes: Math.max(...own.map(({ ours }) => ours.rss_mb)) });
  }
  if (chosen.includes('tables')) {
    await using arena = await openArena(settings.rounds, settings.threads, true);
    results.push(...(await benchManyTables(arena)));
  }
  results.push(
    ...memory.map(({ sizeMb, megabytes }) => memoryResult(`the service, ${sizeMb} MB`, megabytes, 300)),
  );
  report(
    results,
    { node: process.version, postgres: version, size_mb: settings.sizesMb.join(',') },
    settings.json,
  );
}

async function fill(arena: Arena, name: string, statements: readonly string[]): Promise<void> {
  process.stdout.write(`Making the data of ${name} ...\n`);
  await arena.server.createDatabase(name);
  for (const statement of statements) await arena.server.query(name, statement);
  await arena.register(name);
}
