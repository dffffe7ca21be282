import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import { sampleJob } from '../../../test/harness/ords-fixture.ts';
import { type Job, jobStates } from '../../core/job.ts';
import { actionView, isListedInV1, oldActionView } from './actions-view.ts';
import { actionBody, oldActionBody } from './bodies.ts';

const uids = new Map([['wharf', 7]]);
const error = { code: 'storage-full', message: 'The disk is full.', hint: '' } as const;
const job = (changes: Partial<Job>): Job => sampleJob('X', { id: '0123456789abcdefghjk', ...changes });

test('version 2 has numbers where version 1 has texts', () => {
  const copy = job({ kind: 'copy' });
  const { creation_time, progress, status } = actionView(copy, uids);
  assert.deepEqual([creation_time, progress, status], [1_771_061_407, 25, 'running']);
  const old = oldActionView(copy, uids);
  assert.deepEqual([old.creation_time, old.progress, old.status], ['1771061407', '25', 'active']);
  assert.deepEqual([old.object_name, old.name, old.state], ['bdb:7', 'copy_bdb', 'running']);
});

test('version 1 lists neither exports nor imports', () => {
  assert.deepEqual(
    (['export', 'import', 'copy', 'verify', 'dump_copy', 'dump_delete'] as const).filter((kind) =>
      isListedInV1(job({ kind })),
    ),
    ['copy', 'verify', 'dump_copy', 'dump_delete'],
  );
});

test('every state of a job has its words, and fits the description', () => {
  const [newer, older] = [Compile(actionBody), Compile(oldActionBody)];
  const words = jobStates.map((state) => {
    const one = job({ state, ...(state === 'failed' ? { error } : {}) });
    const [view, old] = [actionView(one, uids), oldActionView(one, uids)];
    assert.deepEqual([newer.Errors(view), older.Errors(old)], [[], []], state);
    return [state, view.status, old.status, old.state];
  });
  assert.deepEqual(words, [
    ['queued', 'queued', 'pending', 'queued'],
    ['planning', 'running', 'active', 'starting'],
    ['executing', 'running', 'active', 'running'],
    ['completing', 'running', 'active', 'running'],
    ['completed', 'completed', 'completed', 'completed'],
    ['failed', 'failed', 'failed', 'failed'],
    ['stopping', 'running', 'active', 'cancelling'],
    ['stopped', 'failed', 'failed', 'aborted'],
    ['cancelling', 'running', 'active', 'cancelling'],
    ['cancelled', 'failed', 'failed', 'cancelled'],
  ]);
});

test('what there is to say stands beside it, and empty things are left out', () => {
  const failed = actionView(job({ state: 'failed', error, database: 'gone' }), uids);
  assert.deepEqual(failed.additional_info, { error: 'The disk is full.' });
  const done = actionView(job({ state: 'completed', database: '' }), uids);
  assert.equal('additional_info' in done, false);
  const told = actionView(
    job({ state: 'completed', apiData: { mailReason: 'No mail.', notes: ['One was skipped.'] } }),
    uids,
  );
  assert.deepEqual(told.additional_info, {
    description: 'One was skipped. No mail.',
    object_type: 'bdb',
    object_uid: '7',
  });
  const running = actionView(job({}), uids).additional_info as {
    pending_ops: Record<string, { op_name: string }>;
  };
  assert.deepEqual(
    Object.entries(running.pending_ops).map(([shard, { op_name }]) => [shard, op_name]),
    [['7', 'upload']],
  );
});
