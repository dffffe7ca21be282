import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleJob } from '../../../test/harness/ords-fixture.ts';
import { isResting, type Job, jobStates } from '../../core/job.ts';
import { exportStatus, failureText, importStatus } from './job-status.ts';

const error = { code: 'bucket-missing', message: 'There is no bucket harbor.', hint: '' } as const;
const halfway = { bytesDone: 417, bytesTotal: 1000, rowsDone: 0, rowsTotal: 0, unitsDone: 0, unitsTotal: 1 };
const exported = (changes: Partial<Job>): Job => sampleJob('X', { seq: 5, progress: halfway, ...changes });
const imported = (changes: Partial<Job>): Job => exported({ kind: 'import', ...changes });

test('a database that was never exported says nothing, and idle after a reset', () => {
  assert.deepEqual(exportStatus(null, undefined), { status: '', progress: 0, reason: '' });
  assert.deepEqual(exportStatus(null, 0), { status: 'idle', progress: 0, reason: '' });
  assert.deepEqual(importStatus(null, undefined), { status: '', progress: 0, reason: '' });
  assert.deepEqual(importStatus(null, 0), { status: 'idle', progress: 0, reason: '' });
});

test('an export is exporting from its acceptance to its end, and under 100', () => {
  for (const state of jobStates.filter((each) => !isResting(each))) {
    assert.deepEqual(exportStatus(exported({ state }), undefined), {
      status: 'exporting',
      progress: 41.7,
      reason: '',
    });
  }
  const more = { ...halfway, bytesDone: 5000 };
  assert.equal(exportStatus(exported({ state: 'completing', progress: more }), undefined).progress, 99.9);
  const unknown = { ...halfway, bytesTotal: 0 };
  assert.equal(exportStatus(exported({ state: 'planning', progress: unknown }), undefined).progress, 0);
});

test('an import initializes until it loads', () => {
  for (const state of ['queued', 'planning'] as const) {
    assert.deepEqual(importStatus(imported({ state }), undefined), {
      status: 'initializing',
      progress: 0,
      reason: '',
    });
  }
  assert.deepEqual(importStatus(imported({ state: 'executing' }), undefined), {
    status: 'importing',
    progress: 41.7,
    reason: '',
  });
});

test('success is 100; a failure keeps its progress and has a reason', () => {
  const done = { status: 'succeeded', progress: 100, reason: '' };
  assert.deepEqual(exportStatus(exported({ state: 'completed' }), undefined), done);
  assert.deepEqual(importStatus(imported({ state: 'completed' }), undefined), done);
  const failed = exportStatus(exported({ state: 'failed', error }), undefined);
  assert.deepEqual(failed, { status: 'failed', progress: 41.7, reason: 'wrong-file-path' });
  const notFetched = importStatus(imported({ state: 'failed', error }), undefined);
  assert.deepEqual(notFetched, { status: 'failed', progress: 41.7, reason: 'download-error' });
});

test('what went on past errors, was stopped or cancelled, did not succeed', () => {
  for (const changes of [
    { state: 'completed', errorCount: 1 },
    { state: 'stopped' },
    { state: 'cancelled' },
  ] as const) {
    const { status, reason } = exportStatus(exported(changes), undefined);
    assert.deepEqual([status, reason], ['failed', 'general-error']);
  }
});

test('of a run that went on past errors the first one is the reason', () => {
  const ended = { state: 'completed', errorCount: 2, error } as const;
  assert.equal(exportStatus(exported(ended), undefined).reason, 'wrong-file-path');
  assert.equal(importStatus(imported(ended), undefined).reason, 'download-error');
});

test('a reset hides the runs up to it, and none that begins later', () => {
  assert.equal(exportStatus(exported({ state: 'completed' }), 5).status, 'idle');
  assert.equal(exportStatus(exported({ state: 'completed' }), 4).status, 'succeeded');
  assert.equal(importStatus(imported({ state: 'failed', error }), 5).status, 'idle');
});

test('a sentence tells what the words do not', () => {
  assert.equal(failureText(exported({ state: 'executing' })), null);
  assert.equal(failureText(exported({ state: 'completed' })), null);
  assert.equal(failureText(exported({ state: 'failed', error })), 'There is no bucket harbor.');
  assert.match(failureText(exported({ state: 'completed', errorCount: 2 })) ?? '', /errors \(2\)/);
  assert.equal(
    failureText(exported({ state: 'completed', errorCount: 3, error })),
    'There is no bucket harbor. And 2 more: the log of the job X has them.',
  );
  assert.equal(failureText(exported({ state: 'cancelled' })), 'It was cancelled.');
});
