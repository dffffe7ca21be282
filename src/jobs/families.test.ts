import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newJob, step } from '../../test/conformance/job-store-fixture.ts';
import { type JobsFixture, openJobsFixture, type Script } from '../../test/harness/jobs-fixture.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { TaskOutcome } from './handler.ts';

/** How deep a job is in its family. */
async function depthOf(fixture: JobsFixture, { parent }: Job): Promise<number> {
  const above = parent === null ? null : await fixture.store.getJob(parent.jobId);
  return above === null ? 0 : 1 + (await depthOf(fixture, above));
}

/** Jobs whose only task has another job do it, `depth` times; `last` is what the deepest one does. */
async function openFamilies(
  depth: number,
  last: Script['run'],
  more: Partial<Script> = {},
): Promise<JobsFixture> {
  const fixture = await openJobsFixture(
    {
      plan: [step('work')],
      onError: () => 'fail-job',
      async run(claimed, context): Promise<TaskOutcome | undefined> {
        const { store } = fixture;
        const { job } = claimed;
        if ((await depthOf(fixture, job)) === depth) return last(claimed, context);
        const parent = { jobId: job.id, step: 'below' };
        const { job: child } = await store.createJob(newJob({ parent }));
        if (child.state === 'completed') return { type: 'done', result: child.id };
        if (child.state === 'failed') throw new AppError('child-failed', { message: 'It failed.' });
        return { type: 'wait', jobIds: [child.id] };
      },
      ...more,
    },
    // One slot for all of them: who waits must not hold it.
    { maxRunning: 1 },
  );
  return fixture;
}

describe('jobs that start jobs', () => {
  it('hold no slot while they wait, and are told in turn when the deepest is done', async () => {
    await using fixture = await openFamilies(5, async () => undefined);
    const job = await fixture.reached((await fixture.start()).id, 'completed');
    const jobs = await fixture.store.listJobs({ limit: 10 });
    assert.deepEqual(
      jobs.map(({ state }) => state),
      Array.from({ length: 6 }, () => 'completed'),
    );
    const [task] = await fixture.store.tasks(job.id, 'work');
    assert.equal(task?.result, (await fixture.store.childJob(job.id, 'below'))?.id);
  });

  it('fail when what they started failed, and go on with it when they are resumed', async () => {
    let isBroken = true;
    await using fixture = await openFamilies(2, async () => {
      if (isBroken) throw new AppError('storage-failed', { message: 'The disk is full.' });
      return undefined;
    });
    const { id } = await fixture.start();
    const failed = await fixture.reached(id, 'failed');
    assert.equal(failed.error?.code, 'child-failed');
    isBroken = false;
    await fixture.resume(id);
    await fixture.reached(id, 'completed');
    assert.equal((await fixture.store.listJobs({ limit: 10 })).length, 3, 'no job was made anew');
  });

  it('complete a task whose handler keeps its failure as a result', async () => {
    await using fixture = await openFamilies(
      0,
      async () => {
        throw new AppError('storage-failed', { message: 'The disk is full.' });
      },
      { failed: (_claimed, error) => ({ result: { failed: error.code }, errors: 1 }) },
    );
    const job = await fixture.reached((await fixture.start()).id, 'completed');
    assert.equal(job.errorCount, 1);
    const [task] = await fixture.store.tasks(job.id, 'work');
    assert.deepEqual([task?.state, task?.result], ['done', { failed: 'storage-failed' }]);
  });
});
