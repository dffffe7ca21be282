import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unit } from '../../test/conformance/job-store-fixture.ts';
import { openJobsFixture } from '../../test/harness/jobs-fixture.ts';
import { AppError } from '../core/errors.ts';

describe('worker: what its lines say', () => {
  it('why a snapshot was lost, with the words of who held it', async () => {
    await using fixture = await openJobsFixture({
      plan: [unit('u')],
      run: async ({ job }, context) => {
        if (job.restarts > 0) return undefined;
        const why = new AppError('snapshot-lost', { message: 'An administrator ended the session.' });
        await context.shared('source', async () => ({
          lost: AbortSignal.abort(why),
          [Symbol.asyncDispose]: async () => undefined,
        }));
        throw new AppError('snapshot-lost', { message: 'The snapshot is gone.' });
      },
    });
    const { id } = await fixture.start();
    await fixture.reached(id, 'completed');
    const log = await fixture.store.readLog(id, 0, 100);
    assert.equal(
      log.find(({ event }) => event === 'restart')?.message,
      'The job starts again: An administrator ended the session.',
    );
  });

  it('what a task that failed is about', async () => {
    await using fixture = await openJobsFixture({
      plan: [unit('u')],
      subject: ({ kind }) => (kind === 'data' ? 'Index hr.emp_name' : null),
      run: async () => {
        throw new AppError('database-statement', { message: 'It cannot be made.' });
      },
    });
    const { id } = await fixture.start();
    await fixture.reached(id, 'completed');
    const log = await fixture.store.readLog(id, 0, 100);
    const line = log.find(({ event }) => event === 'error');
    assert.deepEqual(
      [line?.message, line?.data.object],
      ['Index hr.emp_name: It cannot be made.', 'Index hr.emp_name'],
    );
  });
});
