import assert from 'node:assert/strict';
import test from 'node:test';
import { unit } from '../../test/conformance/job-store-fixture.ts';
import { openJobsFixture } from '../../test/harness/jobs-fixture.ts';
import { AppError } from '../core/errors.ts';

test('a job waits as long as its database may be away, not as long as others', async () => {
  const asked: string[] = [];
  await using fixture = await openJobsFixture(
    {
      plan: [unit('u0')],
      run: async () => {
        throw new AppError('database-unreachable', { message: 'The server is gone.' });
      },
      onError: () => 'fail-job',
    },
    {
      outage: { patienceMs: 600_000, firstDelayMs: 5, maxDelayMs: 20 },
      patienceOf: (database) => {
        asked.push(database);
        return 0;
      },
    },
  );
  const { id, database } = await fixture.start();
  const job = await fixture.reached(id, 'failed');
  assert.equal(job.error?.code, 'database-unreachable');
  assert.deepEqual(asked, [database]);
});
