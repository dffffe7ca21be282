import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  claim,
  done,
  get,
  newJob,
  type OpenStore,
  plannedJob,
  rejects,
  step,
  unit,
} from './job-store-fixture.ts';

/** What processes that work on one job ask of the store; the same where there is but one. */
export function jobSharingConformance(name: string, open: OpenStore): void {
  describe(`jobs of several processes: ${name}`, () => {
    it('gives tasks of jobs of a higher priority first, then of those with fewer running, then of older ones', async () => {
      await using store = await open();
      const { jobs } = store;
      const make = async (priority?: number) =>
        (await jobs.createJob(newJob(priority === undefined ? {} : { priority }))).job;
      const low = await make(-3);
      const usual = await make();
      const later = await make();
      const high = await make(10);
      assert.deepEqual([low.priority, usual.priority, high.priority], [-3, 0, 10]);
      const given: string[] = [];
      for (let task = await jobs.claimTask('w'); task !== null; task = await jobs.claimTask('w')) {
        given.push(task.job.id);
      }
      assert.deepEqual(given, [high.id, usual.id, later.id, low.id]);
      assert.equal((await get(jobs, high.id)).priority, 10);
    });

    it('goes on with a job of a higher priority although others have nothing running', async () => {
      await using store = await open();
      const { jobs } = store;
      const high = await plannedJob(jobs, [unit('a'), unit('b')], { priority: 1 });
      await jobs.createJob(newJob());
      assert.equal((await claim(jobs)).job.id, high.id);
      assert.equal((await claim(jobs)).job.id, high.id);
    });

    it('confirms a lease while it is the current one', async () => {
      await using store = await open();
      const { jobs } = store;
      await plannedJob(jobs, [unit('a')]);
      const { lease } = await claim(jobs, 'frozen');
      await jobs.confirmLease(lease);
      await jobs.recover('frozen');
      await rejects(jobs.confirmLease(lease), 'lease-lost');
      const again = await claim(jobs);
      await jobs.confirmLease(again.lease);
      await rejects(jobs.confirmLease({ ...again.lease, token: 'guessed' }), 'lease-lost');
      await jobs.completeTask(again.lease, done());
      await rejects(jobs.confirmLease(again.lease), 'lease-lost');
    });

    it('keeps tokens of a snapshot in the order in which they were shared, each once', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a'), unit('b')]);
      const [first, second] = [await claim(jobs), await claim(jobs)];
      assert.deepEqual(await jobs.snapshotTokens(job.id), []);
      await jobs.shareSnapshot(first.lease, 'z');
      await jobs.shareSnapshot(second.lease, 'a');
      await jobs.shareSnapshot(first.lease, 'z');
      assert.deepEqual(await jobs.snapshotTokens(job.id), ['z', 'a']);
      assert.deepEqual(await jobs.snapshotTokens('other'), []);
      await jobs.releaseTask(first.lease);
      await rejects(jobs.shareSnapshot(first.lease, 'late'), 'lease-lost');
      assert.deepEqual(await jobs.snapshotTokens(job.id), ['z', 'a']);
    });

    it('forgets the tokens when the job restarts, and when it rests', async () => {
      await using store = await open();
      const { jobs } = store;
      const job = await plannedJob(jobs, [unit('a')]);
      const before = await claim(jobs);
      await jobs.shareSnapshot(before.lease, 'old');
      await jobs.restartJob(before.lease, 'the snapshot is gone', []);
      assert.deepEqual(await jobs.snapshotTokens(job.id), []);
      await jobs.completeTask((await claim(jobs)).lease, done({ spawn: [unit('b'), step('s')] }));
      const after = await claim(jobs);
      await jobs.shareSnapshot(after.lease, 'new');
      await jobs.requestStop(job.id);
      assert.deepEqual(await jobs.snapshotTokens(job.id), ['new'], 'something still runs');
      await jobs.releaseTask(after.lease);
      assert.deepEqual(await jobs.snapshotTokens(job.id), []);
    });
  });
}
