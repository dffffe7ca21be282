import path from 'node:path';
import { createSampleDatabase } from '../src/cli/demo/sample-database.ts';
import { startServiceProcess } from '../test/harness/service-process.ts';
import type { BenchSettings } from './main.ts';

const requests = 200;

/** How long a start request takes while another job moves data: prints percentiles in milliseconds. */
export async function runLatencyBenchmark(_settings: BenchSettings): Promise<void> {
  await using service = await startServiceProcess();
  const file = path.join(service.data, 'sample.db');
  createSampleDatabase(file);
  await service.request('POST', '/api/v1/databases', { name: 'sample', url: `sqlite:${file}` });

  // Jobs that move data for as long as the measurement lasts, one after the other.
  let measuring = true;
  let moved = 0;
  const load = (async () => {
    while (measuring) {
      await service.run({ kind: 'export', database: 'sample', mode: 'full', threads: 2 });
      moved += 1;
    }
  })();

  const times: number[] = [];
  for (let at = 0; at < requests; at += 1) {
    const started = performance.now();
    const job = await service.request<{ readonly id: string }>('POST', '/api/v1/jobs', {
      kind: 'export',
      database: 'sample',
      mode: 'table',
      name_expressions: ["= 'products'"],
    });
    times.push(performance.now() - started);
    // The measured jobs are not to become the load themselves: each one ends before the next is asked for.
    await service.settled(job.id);
  }
  measuring = false;
  await load;
  times.sort((a, b) => a - b);
  const percentile = (share: number) =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  process.stdout.write(
    `${requests} start requests while ${moved} exports ran: p50 ${percentile(0.5)} ms, p90 ${percentile(0.9)} ms, p99 ${percentile(0.99)} ms, max ${percentile(1)} ms\n`,
  );
}
