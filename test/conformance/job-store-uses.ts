import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import type { JobStore, NewSetUse, SetNames } from '../../src/jobs/job-store.ts';
import { claim, done, newJob, type OpenStore, rejects } from './job-store-fixture.ts';

const use = (top: string, isPattern = false): NewSetUse => ({
  does: 'writes',
  names: { top, isPattern },
  set: { top },
});

const near = async (jobs: JobStore, ...names: SetNames[]): Promise<readonly string[]> =>
  (await jobs.usesNear(names)).map(({ names: { top } }) => top).sort();

/** What the store promises of the dump sets that jobs use. */
export function useConformance(open: OpenStore): void {
  describe('uses of dump sets', () => {
    it('are found by equal names, and where one begins as a pattern does', async () => {
      await using store = await open();
      const { jobs } = store;
      const uses = [
        use('file:///d/JOB'),
        use('file:///d/EXP', true),
        use('file:///d/J', true),
        use('file:///e/JOB'),
      ];
      await jobs.createJob(newJob({ usesFor: () => uses }));
      const exactly = (top: string) => near(jobs, { top, isPattern: false });
      assert.deepEqual(await exactly('file:///d/JOB'), ['file:///d/J', 'file:///d/JOB']);
      assert.deepEqual(await exactly('file:///d/JOB2'), ['file:///d/J']);
      assert.deepEqual(await exactly('file:///d/EXP01.DMP'), ['file:///d/EXP']);
      assert.deepEqual(await exactly('file:///d'), []);
      assert.deepEqual(await near(jobs, { top: 'file:///d/', isPattern: true }), [
        'file:///d/EXP',
        'file:///d/J',
        'file:///d/JOB',
      ]);
      assert.deepEqual(await near(jobs), []);
    });

    it('come with the job, for the name that it got', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob({ usesFor: (name) => [use(name)] }));
      const { id, name, database } = job;
      assert.deepEqual(await jobs.usesNear([{ top: name, isPattern: false }]), [
        { ...use(name), job: { id, name, database, state: 'queued', isPlanned: false } },
      ]);
      const plan = await claim(jobs);
      await jobs.completeTask(
        plan.lease,
        done({ plan: { made: true }, spawn: [{ ...plan.task, key: 'more' }] }),
      );
      const [found] = await jobs.usesNear([{ top: name, isPattern: false }]);
      assert.deepEqual([found?.job.state, found?.job.isPlanned], ['planning', true]);
    });

    it('stay while the job can be resumed, and go when it has completed or is cancelled', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob({ usesFor: () => [use('x')] }));
      await jobs.requestStop(job.id);
      assert.deepEqual(await near(jobs, use('x').names), ['x']);
      await jobs.requestCancel(job.id);
      assert.deepEqual(await near(jobs, use('x').names), ['x']);
      await jobs.completeTask((await claim(jobs)).lease, done());
      assert.deepEqual(await near(jobs, use('x').names), []);

      await jobs.createJob(newJob({ usesFor: () => [use('x')] }));
      await jobs.completeTask((await claim(jobs)).lease, done());
      assert.deepEqual(await near(jobs, use('x').names), []);
    });

    it('of others are shown to a job before it is made, and what that throws makes none', async () => {
      await using store = await open();
      const { jobs } = store;
      const refuse: NonNullable<Parameters<JobStore['createJob']>[0]['refuse']> = (mine, others) => {
        if (others.length > 0)
          throw new AppError('file-exists', { message: `${mine.length} ${others.length}` });
      };
      const taking = () => newJob({ usesFor: () => [use('x')], refuse });
      const starts = await Promise.allSettled(
        [taking(), taking(), taking()].map((job) => jobs.createJob(job)),
      );
      assert.equal(starts.filter(({ status }) => status === 'fulfilled').length, 1);
      const error = await rejects(jobs.createJob(taking()), 'file-exists');
      assert.equal(error.message, '1 1');
      assert.equal((await jobs.listJobs({ limit: 10 })).length, 1);
    });
  });
}
