import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { watchSilence } from './silence-watch.ts';

const silence = new Error('silence');
const forever = new Promise<never>(() => undefined);

test('aborts on silence, and leaves work behind that does not answer', async () => {
  using watch = watchSilence(new AbortController().signal, 5, () => silence);
  watch.arm(5);
  await assert.rejects(watch.guard(forever), silence);
  assert.equal(watch.expired, silence);
  assert.equal(watch.signal.reason, silence);
});

test('work that answers to the abort has the word', async () => {
  using watch = watchSilence(new AbortController().signal, 60_000, () => silence);
  watch.arm(5);
  const answer = new Promise<string>((resolve) =>
    watch.signal.addEventListener('abort', () => resolve('cleaned up')),
  );
  assert.equal(await watch.guard(answer), 'cleaned up');
});

test('nothing happens while it is disarmed', async () => {
  using watch = watchSilence(new AbortController().signal, 5, () => silence);
  watch.arm(5);
  watch.disarm();
  await watch.guard(new Promise((resolve) => setTimeout(resolve, 20)));
  assert.equal(watch.expired, undefined);
});

test('the abort of the caller is followed, and its listener removed', async () => {
  const caller = new AbortController();
  const stop = new Error('stop');
  {
    using watch = watchSilence(caller.signal, 5, () => silence);
    caller.abort(stop);
    await assert.rejects(watch.guard(forever), stop);
    assert.equal(watch.expired, undefined);
  }
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
});

test('a touch starts the armed time anew, and nothing else', async () => {
  const touches = 20;
  {
    using watch = watchSilence(new AbortController().signal, 5, () => silence);
    watch.touch();
    watch.arm(150);
    // Longer in all than the armed time.
    for (let n = 0; n < touches; n += 1) {
      await watch.guard(new Promise((resolve) => setTimeout(resolve, 10)));
      watch.touch();
    }
    assert.equal(watch.expired, undefined);
    watch.disarm();
    watch.touch();
    await watch.guard(new Promise((resolve) => setTimeout(resolve, 200)));
    assert.equal(watch.expired, undefined);
    watch.arm(5);
    watch.touch();
    await assert.rejects(watch.guard(forever), silence);
  }
  const ended = watchSilence(new AbortController().signal, 5, () => silence);
  ended.arm(5);
  ended[Symbol.dispose]();
  ended.touch();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(ended.expired, undefined);
});
