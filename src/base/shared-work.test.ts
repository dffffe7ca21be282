import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareWork } from './shared-work.ts';

/** Work that ends when told; counts how often it was begun. */
function heldWork() {
  const runs: { readonly signal: AbortSignal; end(value: string): void; fail(error: Error): void }[] = [];
  const work = shareWork<string>((signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    runs.push({ signal, end: resolve, fail: reject });
    return promise;
  });
  return { runs, work };
}
const patient = new AbortController().signal;

test('one run serves everybody who asks while it lasts, and the next one begins anew', async () => {
  const { runs, work } = heldWork();
  const both = [work(patient), work(patient)];
  assert.equal(runs.length, 1);
  runs[0]?.end('first');
  assert.deepEqual(await Promise.all(both), ['first', 'first']);
  const next = work(patient);
  assert.equal(runs.length, 2);
  runs[1]?.end('second');
  assert.equal(await next, 'second');
  assert.equal(runs[0]?.signal.aborted, false);
});

test('a failure is everybody’s, and is not kept', async () => {
  const { runs, work } = heldWork();
  const both = [work(patient), work(patient)];
  runs[0]?.fail(new Error('no'));
  for (const each of both) await assert.rejects(each, { message: 'no' });
  const next = work(patient);
  runs[1]?.end('yes');
  assert.equal(await next, 'yes');
});

test('whoever aborts leaves at once; the run is aborted with the last one', async () => {
  const { runs, work } = heldWork();
  const [first, second] = [new AbortController(), new AbortController()];
  const [one, two] = [work(first.signal), work(second.signal)];
  first.abort(new Error('first leaves'));
  await assert.rejects(one, { message: 'first leaves' });
  assert.equal(runs[0]?.signal.aborted, false);
  second.abort(new Error('second leaves'));
  await assert.rejects(two, { message: 'second leaves' });
  assert.equal(runs[0]?.signal.aborted, true);
  runs[0]?.fail(new Error('nobody hears this'));
  const next = work(patient);
  assert.equal(runs.length, 2);
  runs[1]?.end('anew');
  assert.equal(await next, 'anew');
});

test('a signal that has aborted begins nothing', async () => {
  const { runs, work } = heldWork();
  await assert.rejects(work(AbortSignal.abort(new Error('before'))), { message: 'before' });
  assert.equal(runs.length, 0);
});
