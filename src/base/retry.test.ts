import assert from 'node:assert/strict';
import test from 'node:test';
import { retry } from './retry.ts';

const policy = { attempts: 3, firstDelayMs: 1, maxDelayMs: 2, isTemporary: () => true };
const never = new AbortController().signal;

test('tries again until it succeeds', async () => {
  const told: number[] = [];
  const result = await retry(
    async (attempt) => {
      if (attempt < 3) throw new Error(`try ${attempt}`);
      return attempt;
    },
    { ...policy, signal: never, onRetry: (_, attempt) => told.push(attempt) },
  );
  assert.equal(result, 3);
  assert.deepEqual(told, [1, 2]);
});

test('rejects with the last error when the tries are used up', async () => {
  let tries = 0;
  const running = retry(
    () => {
      tries += 1;
      return Promise.reject(new Error(`try ${tries}`));
    },
    { ...policy, signal: never },
  );
  await assert.rejects(running, { message: 'try 3' });
});

test('does not try again what will not help', async () => {
  let tries = 0;
  const running = retry(
    () => {
      tries += 1;
      return Promise.reject(new Error('for good'));
    },
    { ...policy, signal: never, isTemporary: () => false },
  );
  await assert.rejects(running, { message: 'for good' });
  assert.equal(tries, 1);
});

test('an abort ends the waiting', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const running = retry(() => Promise.reject(new Error('temporary')), {
    ...policy,
    firstDelayMs: 60_000,
    maxDelayMs: 60_000,
    signal: controller.signal,
    onRetry: () => setImmediate(() => controller.abort(reason)),
  });
  await assert.rejects(running, reason);
});

test('waits as long as an error asks for, and an abort ends that too', async () => {
  const started = performance.now();
  const options = { ...policy, signal: never, askedDelayMs: () => 100 };
  await retry((attempt) => (attempt < 2 ? Promise.reject(new Error('later')) : Promise.resolve()), options);
  assert.ok(performance.now() - started >= 99);
  const controller = new AbortController();
  const reason = new Error('stop');
  const running = retry(() => Promise.reject(new Error('later')), {
    ...policy,
    signal: controller.signal,
    askedDelayMs: () => 60_000,
    onRetry: () => setImmediate(() => controller.abort(reason)),
  });
  await assert.rejects(running, reason);
});

test('a success counts although the signal aborted meanwhile', async () => {
  const controller = new AbortController();
  const result = await retry(
    async () => {
      controller.abort();
      return 'done';
    },
    { ...policy, signal: controller.signal },
  );
  assert.equal(result, 'done');
});
