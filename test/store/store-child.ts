/**
 * Works on the store of argv[2] until it is killed: makes jobs, claims and completes their tasks. Each verb that has returned is told
 * on standard output first, so that whoever kills this process knows what must be on disk.
 */
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/base/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { workOnTask } from './work-on-task.ts';

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
    const { lease } = claimed;
    tell('claimed', lease.jobId, lease.taskKey);
    const state = await workOnTask(jobs, claimed);
    if (state !== 'waits') tell('done', lease.jobId, lease.taskKey, state);
  }
}
