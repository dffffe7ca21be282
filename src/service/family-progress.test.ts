import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claim, done, newJob, unit } from '../../test/conformance/job-store-fixture.ts';
import { openServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';
import type { JobRequest } from '../core/request.ts';

const dumps = { type: 'directory', directory: 'DATA_PUMP_DIR' } as const;
const proof: JobRequest = {
  kind: 'backup_verify',
  database: 'orders',
  backup: 1,
  method: 'restore',
  scratchDatabase: null,
  threads: 1,
};

test('what is done for a job counts as its own, also at second hand, and watchers hear of it', async () => {
  await using fixture = await openServiceFixture();
  const { service, store } = fixture;
  const administrator = fixture.as(localAdministrator);
  await service.setBackupPolicy(administrator, { database: 'orders', location: dumps });
  const { job } = await service.startBackup(administrator, { database: 'orders' }, { api: 'native' });
  const plan = await claim(store);
  assert.equal(plan.job.id, job.id);
  const nothing = (await service.getJob(administrator, job.id)).progress;
  assert.deepEqual([nothing.bytesTotal, nothing.unitsTotal], [0, 0]);

  // All plans are claimed before one of them is done: the store gives out the oldest work first.
  const made = async (changes: Parameters<typeof newJob>[0]) => {
    const { job: child } = await store.createJob(newJob(changes));
    return { child, plan: await claim(store) };
  };
  const exported = await made({ parent: { jobId: job.id, step: 'export' } });
  const verify = await made({ request: proof, parent: { jobId: job.id, step: 'verify' } });
  const imported = await made({ parent: { jobId: verify.child.id, step: 'import' } });
  await store.completeTask(exported.plan.lease, done({ spawn: [unit('a'), unit('b')] }));
  await store.completeTask(imported.plan.lease, done({ spawn: [unit('c', { bytes: 7, rows: 1 })] }));

  const watching = service.watchJob(administrator, job.id, 0)[Symbol.asyncIterator]();
  /** The next look of the job that shows so many rows. */
  async function shown(rows: number) {
    for (;;) {
      const { value, done: isOver } = await watching.next();
      assert.ok(isOver !== true, 'the job is watched');
      if ('job' in value && value.job.progress.rowsDone === rows) return value.job;
    }
  }
  const before = await shown(0);
  assert.deepEqual(
    [before.progress.bytesTotal, before.progress.rowsTotal, before.progress.unitsTotal],
    [207, 21, 3],
  );
  const task = await claim(store);
  assert.equal(task.job.id, exported.child.id);
  await store.completeTask(task.lease, done({ done: { bytes: 90, rows: 9 } }));
  const after = await shown(9);
  assert.deepEqual([after.progress.bytesDone, after.progress.unitsDone], [90, 1]);
  assert.ok(after.version > before.version);
  await watching.return?.();

  const byName = await service.findJob(administrator, 'orders', 'native', job.name);
  assert.equal(byName.progress.rowsDone, 9);
  const top = await service.listJobs(administrator, { topLevel: true });
  assert.deepEqual(
    top.jobs.map(({ id, progress }) => [id, progress.rowsDone]),
    [[job.id, 9]],
  );
});

test('an outage that a part of a job waits out is one that the job waits out', async () => {
  await using fixture = await openServiceFixture();
  const { service, store } = fixture;
  const administrator = fixture.as(localAdministrator);
  await service.setBackupPolicy(administrator, { database: 'orders', location: dumps });
  const { job } = await service.startBackup(administrator, { database: 'orders' }, { api: 'native' });
  await claim(store);
  await store.createJob(newJob({ parent: { jobId: job.id, step: 'export' } }));
  const child = await claim(store);
  await store.holdJob(child.lease, fixture.now + 1000, 'The server does not answer.');
  const { waitingFor } = await service.getJob(administrator, job.id);
  assert.equal(waitingFor?.message, 'The server does not answer.');
});
