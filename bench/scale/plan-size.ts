import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { done, newJob, unit } from '../../test/conformance/job-store-fixture.ts';
import { startPostgres } from '../../test/harness/postgres.ts';
import { residentMegabytes } from '../measure.ts';
import { percentile } from './latency-table.ts';

/** Units of a job: 10 TB in units of 64 MiB are about the larger one. */
const sizes = [1_000, 10_000, 160_000];
const unitsInGroup = 1_000;
const claims = 300;

/** What a job of many units costs the store: its plan in one transaction, then each of its tasks, and the reading of all of them at the end. */
export async function benchPlanSize(): Promise<void> {
  await using server = await startPostgres({
    settings: { fsync: 'on', shared_buffers: '256MB', max_wal_size: '4GB' },
  });
  for (const size of sizes) {
    const database = await server.createDatabase();
    await using store = await openPostgresStore({
      url: new Secret(server.url(database)),
      clock: systemClock,
      log: createLogger({ level: 'error' }),
      instance: 'bench',
      tickets: null,
    });
    const { jobs } = store;
    const { job } = await jobs.createJob(newJob({ threads: 8 }));
    const plan = await jobs.claimTask('bench');
    if (plan === null) throw new Error('The plan is not there.');
    const spawn = Array.from({ length: size }, (_, at) => unitOf(at));
    const began = performance.now();
    await jobs.completeTask(
      plan.lease,
      done({ spawn, plan: { files: spawn.map(({ key }) => `${key}.copy.zst`) } }),
    );
    const planned = performance.now() - began;
    const [claim, complete]: [number[], number[]] = [[], []];
    for (let at = 0; at < claims; at += 1) {
      const since = performance.now();
      const claimed = await jobs.claimTask('bench');
      const given = performance.now();
      if (claimed === null) throw new Error('There is no task left to claim.');
      await jobs.completeTask(claimed.lease, done({ done: { bytes: 64 * 1024 ** 2, rows: 100_000 } }));
      claim.push(given - since);
      complete.push(performance.now() - given);
    }
    const reading = performance.now();
    const found = await jobs.tasks(job.id, 'data');
    const read = performance.now() - reading;
    const [row] = await server.query(
      database,
      "SELECT pg_total_relation_size('pumphouse.task')::float8 / 1e6 AS task, pg_database_size(current_database())::float8 / 1e6 AS whole",
    );
    const ms = (figures: readonly number[]) =>
      `p50 ${percentile(figures, 0.5).toFixed(1)} ms, p99 ${percentile(figures, 0.99).toFixed(1)} ms`;
    process.stdout.write(
      `${size} units: planned in ${(planned / 1000).toFixed(1)} s; claim ${ms(claim)}; complete ${ms(complete)}; ` +
        `${found.length} tasks read in ${(read / 1000).toFixed(1)} s; ${Number(row?.task).toFixed(0)} MB of tasks in ${Number(row?.whole).toFixed(0)} MB; ` +
        `${residentMegabytes(process.pid).toFixed(0)} MB in this process\n`,
    );
  }
}

/** About as large as what a unit of a table of PostgreSQL carries. */
function unitOf(at: number) {
  const table = `table${Math.floor(at / unitsInGroup)}`;
  return unit(`data/${String(at).padStart(7, '0')}`, {
    group: `data:"public"."${table}"`,
    bytes: 64 * 1024 ** 2,
    rows: 100_000,
    payload: {
      file: `data/public.${table}.${String(at % unitsInGroup).padStart(4, '0')}.text.zst`,
      units: [
        {
          id: `0001-${at}`,
          table: { schema: 'public', name: table },
          part: at % unitsInGroup,
          parts: unitsInGroup,
          range: { from: at * 8192, to: (at + 1) * 8192 },
          estimate: { bytes: 64 * 1024 ** 2, rows: 100_000 },
        },
      ],
      bytes: 64 * 1024 ** 2,
      shapes: { [`public.${table}`]: 'id:bigint,at:timestamptz,amount:numeric,note:text' },
    },
  });
}
