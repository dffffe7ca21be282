import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { linkAbort } from './linked-abort.ts';

test('follows the parent, with its reason', () => {
  const parent = new AbortController();
  using link = linkAbort(parent.signal);
  const reason = new Error('stop');
  parent.abort(reason);
  assert.equal(link.signal.reason, reason);
  using late = linkAbort(parent.signal);
  assert.equal(late.signal.reason, reason);
});

test('can be aborted alone, and lets go of the parent when disposed', () => {
  const parent = new AbortController();
  {
    using link = linkAbort(parent.signal);
    link.abort(new Error('only this'));
    assert.ok(link.signal.aborted);
    assert.equal(getEventListeners(parent.signal, 'abort').length, 1);
  }
  assert.equal(parent.signal.aborted, false);
  assert.equal(getEventListeners(parent.signal, 'abort').length, 0);
});
