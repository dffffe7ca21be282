import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import { definitionOf, nodeOf } from '../../test/harness/run-fixture.ts';
import type { DefinitionNode } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { nodeFailed } from './node-failed.ts';
import { type WorkPayload, workTask } from './run-tasks.ts';

const now = 1_000_000;
const broken = new AppError('script-failed', { message: 'Line 3: there is no table t.' });

/** A try of the node that has just failed. */
function claimed(changes: Partial<DefinitionNode>, payload: Partial<WorkPayload> = {}): ClaimedTask {
  const definition = definitionOf([nodeOf('load', { type: 'none' }, { retryDelaySeconds: 30, ...changes })]);
  const request = { ...newJob().request, kind: 'run', definition };
  return {
    lease: { jobId: 'j', taskKey: 'work/0001-001', attempt: 1, token: 't' },
    claims: 1,
    task: workTask({
      node: 0,
      name: 'load',
      number: 1,
      left: changes.retries ?? 0,
      job: 1,
      brokenAt: null,
      ...payload,
    }),
    job: { request } as unknown as Job,
  };
}

test('a further try comes after the delay, and not before', () => {
  const { result, spawn = [], rest, errors, log } = nodeFailed(claimed({ retries: 2 }), broken, now);
  assert.deepEqual(result, {
    end: 'failed',
    at: now,
    error: { code: 'script-failed', message: broken.message, hint: broken.hint },
    next: 'retry',
  });
  assert.deepEqual([spawn[0]?.key, spawn[0]?.notBefore], ['work/0001-002', now + 30_000]);
  assert.deepEqual(spawn[0]?.payload, { node: 0, name: 'load', number: 2, left: 1, job: 1, brokenAt: null });
  assert.deepEqual([rest, errors], [undefined, undefined]);
  assert.equal(
    log?.[0]?.message,
    'Node load failed: Line 3: there is no table t. Trying again in 30 s; 1 further tries are left.',
  );
});

test('what nobody has looked at is not tried again by itself, but by a resume', () => {
  const uncertain = new AppError('script-uncertain', { message: 'Line 3: nobody knows.' });
  const { spawn = [], rest } = nodeFailed(claimed({ retries: 2 }), uncertain, now);
  assert.deepEqual([rest?.state, spawn[0]?.notBefore], ['failed', undefined]);
  assert.equal(
    (spawn[0]?.payload as WorkPayload | undefined)?.left,
    2,
    'a resume brings its retries with it',
  );
});

test('the time-out of a run ends it, whatever the node says', () => {
  const over = new AppError('run-timeout', {
    message: 'The run took longer than 1 s.',
    context: { ofRun: true },
  });
  const { rest, spawn = [] } = nodeFailed(claimed({ onFailure: 'ignore', retries: 5 }), over, now);
  assert.deepEqual(rest?.state === 'failed' && rest.error.message, over.message);
  assert.equal(spawn.length, 1);
});

test('a job that rests is gone on with, one that was cancelled is followed by another', () => {
  const failed = new AppError('child-failed', {
    message: 'It failed.',
    context: { restedAt: 7, isCancelled: false },
  });
  const [again] = nodeFailed(claimed({ retries: 1 }), failed, now).spawn ?? [];
  assert.deepEqual(again?.payload, { node: 0, name: 'load', number: 2, left: 0, job: 1, brokenAt: 7 });
  const gone = new AppError('child-failed', {
    message: 'Cancelled.',
    context: { restedAt: 7, isCancelled: true },
  });
  const { spawn = [], rest } = nodeFailed(claimed({ retries: 1 }), gone, now);
  assert.deepEqual(spawn[0]?.payload, { node: 0, name: 'load', number: 2, left: 1, job: 2, brokenAt: null });
  assert.equal(rest?.state, 'failed');
});

test('the error of the run names the node once', () => {
  const messageOf = (message: string) => {
    const { rest } = nodeFailed(claimed({}), new AppError('script-failed', { message }), now);
    return rest?.state === 'failed' ? rest.error.message : null;
  };
  assert.equal(messageOf('Line 3: no.'), 'Node load: Line 3: no.');
  assert.equal(messageOf('The node load was refused.'), 'The node load was refused.');
});
