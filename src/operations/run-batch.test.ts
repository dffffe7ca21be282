import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskSpec } from '../jobs/job-store.ts';
import { onApplyError } from './import.ts';
import { logLine } from './log-lines.ts';
import { runBatch, tasksOfBatch } from './run-batch.ts';

const unit = (key: string): TaskSpec => ({
  key,
  kind: 'data',
  group: `data:${key}`,
  waitsFor: ['prepare'],
  payload: null,
  bytes: 5,
  rows: 1,
  counted: true,
});
const units = ['a', 'b', 'c'].map(unit);
const batch: TaskSpec = { ...unit('batch/a'), kind: 'data-batch', payload: { tasks: units } };
const failure = (
  code: 'rows-differ' | 'aborted' | 'snapshot-lost' | 'database-unreachable',
  temporary = false,
) => new AppError(code, { message: 'Failed.', temporary });

/** Runs the batch of a, b and c; b throws `error`. */
async function run(error: AppError | null, attempt = 1) {
  const seen: number[] = [];
  const context = {
    signal: new AbortController().signal,
    job: {} as Job,
    progress: ({ bytes }: { readonly bytes: number }) => seen.push(bytes),
  } as unknown as TaskContext;
  const claimed: ClaimedTask = {
    lease: { jobId: 'j', taskKey: batch.key, attempt, token: 't' },
    claims: attempt,
    task: batch,
    job: {} as Job,
  };
  const outcome = await runBatch(
    {
      run: async ({ task }, within): Promise<TaskOutcome> => {
        if (task.key === 'b' && error !== null) throw error;
        within.progress({ bytes: 3, rows: 0 });
        return {
          type: 'done',
          result: task.key,
          done: { bytes: 5, rows: 1 },
          log: [logLine('note', task.key)],
        };
      },
      onError: onApplyError,
      told: ({ key, state }) => [logLine('table', `${key} ${state}`)],
    },
    claimed,
    context,
  );
  assert.ok(outcome.type === 'done');
  return { ...outcome, log: (outcome.log ?? []).map(({ message }) => message), seen };
}

describe('the run of a batch', () => {
  it('does the work of each task, and sums up', async () => {
    const { result, spawn, done, log, seen } = await run(null);
    assert.deepEqual(result, {
      results: [
        { key: 'a', result: 'a' },
        { key: 'b', result: 'b' },
        { key: 'c', result: 'c' },
      ],
    });
    assert.deepEqual(spawn, []);
    assert.deepEqual(done, { bytes: 15, rows: 3 });
    assert.deepEqual(log, ['a', 'a done', 'b', 'b done', 'c', 'c done']);
    assert.deepEqual(seen, [3, 5, 8, 10, 13, 15]);
  });

  it('makes a task of the one that fails by its own fault', async () => {
    const { result, spawn, done } = await run(failure('rows-differ'));
    assert.deepEqual(spawn, [unit('b')]);
    assert.deepEqual(done, { bytes: 10, rows: 2 });
    const record = { ...batch, state: 'done' as const, result, error: null };
    assert.deepEqual(
      tasksOfBatch(record).map(({ key, state, result: own }) => [key, state, own]),
      [
        ['a', 'done', 'a'],
        ['c', 'done', 'c'],
      ],
    );
    assert.equal(tasksOfBatch({ ...record, state: 'failed', result: null }).length, 3);
  });

  it('is repeated after a temporary error, and the second one is the own of the task', async () => {
    const error = failure('rows-differ', true);
    await assert.rejects(run(error), error);
    assert.deepEqual((await run(error, 2)).spawn, [unit('b')]);
  });

  for (const code of ['aborted', 'snapshot-lost', 'database-unreachable'] as const) {
    it(`ends with ${code}, which is no fault of one task`, async () => {
      const error = failure(code);
      await assert.rejects(run(error, 2), error);
    });
  }
});
