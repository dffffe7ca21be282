/**
 * Works on the store of argv[2] until it is killed: makes jobs, claims and completes their tasks. Each verb that has returned is told
 * on standard output first, so that whoever kills this process knows what must be on disk.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { finishStep, newJob, unit } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';

const path = process.argv[2] ?? '';
const { jobs } = await openSqliteStore({ path, clock: systemClock, log: createMemoryLog().log });
const tell = (...words: readonly string[]): void => {
  writeSync(1, `${words.join(' ')}\n`);
};

await jobs.recover('child');
tell('open');
for (let round = 0; ; round++) {
  const name = `R${process.pid}_${round}`;
  const { job } = await jobs.createJob(newJob({ name: () => name, threads: 3 }));
  tell('created', job.id);
  for (
    let claimed = await jobs.claimTask('child');
    claimed !== null;
    claimed = await jobs.claimTask('child')
  ) {
    const { lease, task } = claimed;
    tell('claimed', lease.jobId, lease.taskKey);
    await jobs.reportProgress(lease, { bytes: 10, rows: 1 });
    const spawn =
      task.kind === 'plan'
        ? [...Array.from({ length: 8 }, (_, i) => unit(`u${i}`)), finishStep(['data:t'])]
        : [];
    const { state } = await jobs.completeTask(lease, { result: null, spawn, plan: { task: task.key } });
    tell('done', lease.jobId, lease.taskKey, state);
  }
}
