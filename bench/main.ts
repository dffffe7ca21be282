import { parseArgs } from 'node:util';
import { runLatencyBenchmark } from './latency.ts';
import { runPostgresBenchmark } from './postgres/postgres.ts';
import { runRedisBenchmark } from './redis/redis.ts';
import { runScaleBenchmark } from './scale/scale.ts';
import { runStoragesBenchmark } from './storages/storages.ts';

/** Arguments: the benchmark's name, then its options; bench/README.md describes them. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    'size-mb': { type: 'string', default: '1000,4000' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '3' },
  },
});
const settings = {
  json: values.json,
  sizesMb: values['size-mb'].split(',').map(Number),
  only: values.only.split(',').filter((name) => name !== ''),
  rounds: Number(values.rounds),
  threads: Number(values.threads),
};

const benchmarks: Readonly<Record<string, (settings: BenchSettings) => Promise<void>>> = {
  postgres: runPostgresBenchmark,
  storages: runStoragesBenchmark,
  redis: runRedisBenchmark,
  scale: runScaleBenchmark,
  latency: runLatencyBenchmark,
};

/** What a benchmark is asked to do. */
export interface BenchSettings {
  /** File for the results as JSON. */
  readonly json: string | undefined;
  /** Sizes of the data as COPY text, roughly. */
  readonly sizesMb: readonly number[];
  /** The contests to hold; empty: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Threads of our jobs. */
  readonly threads: number;
}

const benchmark = benchmarks[positionals[0] ?? ''];
if (benchmark === undefined) {
  process.stderr.write(`Name a benchmark: ${Object.keys(benchmarks).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await benchmark(settings);
}
