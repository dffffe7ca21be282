import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DueMail, JobStore } from '../../src/jobs/job-store.ts';
import { claim, done, failure, get, newJob, type OpenStore } from './job-store-fixture.ts';

const to = ['ann@example.net', 'bob@example.net'];
const leaseMs = 1000;

/** A new job that tells these, ended in that way. */
async function ended(jobs: JobStore, how: 'completed' | 'failed', mailTo: readonly string[] = to) {
  await jobs.createJob(newJob({ mailTo }));
  const { lease } = await claim(jobs);
  if (how === 'completed') await jobs.completeTask(lease, done());
  else await jobs.failJob(lease, failure);
  return get(jobs, lease.jobId);
}

async function claimMail(jobs: JobStore): Promise<DueMail> {
  const mail = await jobs.claimMail(leaseMs);
  assert.ok(mail, 'a mail is due');
  return mail;
}

/** What the store promises of the mails that tell how jobs end. */
export function mailConformance(open: OpenStore): void {
  describe('mails', () => {
    it('are due when a job completes or fails, and not before', async () => {
      await using store = await open();
      const { jobs } = store;
      await jobs.createJob(newJob({ mailTo: to }));
      assert.equal(await jobs.claimMail(leaseMs), null);
      const { lease } = await claim(jobs);
      assert.equal(await jobs.claimMail(leaseMs), null);
      await jobs.completeTask(lease, done());
      assert.deepEqual(await claimMail(jobs), { job: await get(jobs, lease.jobId), to, attempt: 1 });
      const failed = await ended(jobs, 'failed');
      assert.equal((await claimMail(jobs)).job.id, failed.id);
    });

    it('are not due for nobody, and not when a job is stopped or cancelled', async () => {
      await using store = await open();
      const { jobs } = store;
      await ended(jobs, 'completed', []);
      const { job } = await jobs.createJob(newJob({ mailTo: to }));
      await jobs.requestStop(job.id);
      assert.equal(await jobs.claimMail(leaseMs), null);
      await jobs.requestCancel(job.id);
      await jobs.completeTask((await claim(jobs)).lease, done());
      assert.equal((await get(jobs, job.id)).state, 'cancelled');
      assert.equal(await jobs.claimMail(leaseMs), null);
    });

    it('go to one who asks, the longest due first, and to another when the lease is over', async () => {
      await using store = await open();
      const { jobs } = store;
      const first = await ended(jobs, 'completed');
      store.advance(1);
      const second = await ended(jobs, 'completed');
      const claims = await Promise.all([1, 2, 3].map(() => jobs.claimMail(leaseMs)));
      const claimed = claims.map((mail) => mail?.job.id ?? '');
      assert.deepEqual(claimed.toSorted(), ['', first.id, second.id].toSorted());
      store.advance(leaseMs - 1);
      assert.equal(await jobs.claimMail(leaseMs), null);
      store.advance(1);
      const again = await claimMail(jobs);
      assert.deepEqual([again.job.id, again.attempt], [first.id, 2]);
    });

    it('are settled for good, or until another time, and the job tells of it in its log', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await ended(jobs, 'completed');
      const note = { level: 'info', event: 'note', message: 'Not yet.', data: {} } as const;
      await jobs.settleMail(await claimMail(jobs), store.now() + 500, [note]);
      assert.equal(await jobs.claimMail(leaseMs), null);
      assert.equal((await jobs.readLog(job.id, 0, 100)).at(-1)?.message, 'Not yet.');
      store.advance(500);
      const again = await claimMail(jobs);
      assert.equal(again.attempt, 2);
      await jobs.settleMail(again, null);
      store.advance(10 * leaseMs);
      assert.equal(await jobs.claimMail(leaseMs), null);
      const after = await get(jobs, job.id);
      assert.deepEqual([after.state, after.finishedAt], ['completed', job.finishedAt]);
    });

    it('are due no more when the job is resumed or cancelled, and anew at its next end', async () => {
      await using store = await open();
      const { jobs } = store;
      const cancelled = await ended(jobs, 'failed');
      await jobs.requestCancel(cancelled.id);
      await jobs.completeTask((await claim(jobs)).lease, done());
      const resumed = await ended(jobs, 'failed');
      await jobs.requestResume(resumed.id);
      assert.equal(await jobs.claimMail(leaseMs), null);
      const { lease } = await claim(jobs);
      assert.equal(lease.jobId, resumed.id);
      await jobs.completeTask(lease, done());
      const mail = await claimMail(jobs);
      assert.deepEqual([mail.job.id, mail.job.state, mail.attempt], [resumed.id, 'completed', 1]);
    });

    it('are not settled by a claim that is over', async () => {
      await using store = await open();
      const { jobs } = store;
      await ended(jobs, 'failed');
      const late = await claimMail(jobs);
      store.advance(leaseMs);
      const current = await claimMail(jobs);
      await jobs.settleMail(late, null);
      store.advance(leaseMs);
      assert.equal((await claimMail(jobs)).attempt, current.attempt + 1);
      // Nor by one of an earlier end.
      const { job } = late;
      await jobs.requestResume(job.id);
      store.advance(1);
      await jobs.failJob((await claim(jobs)).lease, failure);
      await claimMail(jobs);
      await jobs.settleMail({ ...late, attempt: 1 }, null);
      store.advance(leaseMs);
      assert.ok(await jobs.claimMail(leaseMs));
    });

    it('of a job that is gone settle to nothing', async () => {
      await using store = await open();
      const { jobs } = store;
      await ended(jobs, 'completed');
      const mail = await claimMail(jobs);
      store.advance(1);
      await jobs.prune(store.now());
      await jobs.settleMail(mail, null);
    });
  });
}
