import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lateAbort } from './late-abort.ts';

test('the signal aborts some time after the other, with its reason', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const isEarly of [true, false]) {
    const controller = new AbortController();
    const reason = new Error('enough');
    if (isEarly) controller.abort(reason);
    using late = lateAbort(controller.signal, 100);
    if (!isEarly) {
      t.mock.timers.tick(1000);
      controller.abort(reason);
    }
    t.mock.timers.tick(99);
    assert.equal(late.signal.aborted, false);
    t.mock.timers.tick(1);
    assert.equal(late.signal.reason, reason);
  }
});

test('once disposed it never aborts', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const isBefore of [true, false]) {
    const controller = new AbortController();
    const late = lateAbort(controller.signal, 100);
    if (isBefore) late[Symbol.dispose]();
    controller.abort();
    late[Symbol.dispose]();
    t.mock.timers.tick(1000);
    assert.equal(late.signal.aborted, false);
  }
});
