import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStoreProbe } from './readiness.ts';

test('the store is asked once at a time and once a second', async () => {
  let now = 0;
  let asked = 0;
  const probe = createStoreProbe(
    async () => {
      asked += 1;
    },
    { now: () => now },
  );
  assert.deepEqual(await Promise.all([probe(), probe()]), [true, true]);
  assert.equal(await probe(), true);
  assert.equal(asked, 1);
  now = 1000;
  assert.equal(await probe(), true);
  assert.equal(asked, 2);
});

test('a store that refuses does not answer, until it does again', async () => {
  let now = 0;
  let isThere = false;
  const probe = createStoreProbe(
    async () => {
      if (!isThere) throw new Error('connection refused');
    },
    { now: () => now },
  );
  assert.equal(await probe(), false);
  isThere = true;
  assert.equal(await probe(), false);
  now = 1000;
  assert.equal(await probe(), true);
});

test('a silent store does not answer, and is not asked again before it speaks', async () => {
  let asked = 0;
  let speak = (): void => undefined;
  const probe = createStoreProbe(
    () => {
      asked += 1;
      return new Promise<void>((resolve) => {
        speak = resolve;
      });
    },
    { silentMs: 1 },
  );
  assert.equal(await probe(), false);
  assert.equal(await probe(), false);
  assert.equal(asked, 1);
  speak();
  assert.equal(await probe(), true);
});
