import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBudget } from '../base/budget.ts';
import { createUnknownBodies } from './unknown-bodies.ts';

const limit = 12_000_000;
const { signal } = new AbortController();

test('large bodies wait for room, also those that do not say how large they are; small ones do not', async () => {
  const bodies = createUnknownBodies(createBudget(20_000_000));
  const first = await bodies.admit('12000000', limit, signal);
  let isIn = false;
  const second = bodies.admit(undefined, limit, signal).then((leave) => {
    isIn = true;
    return leave;
  });
  for (const small of ['0', '65536', 'x', '12000001']) (await bodies.admit(small, limit, signal))();
  assert.equal(isIn, false);
  first();
  (await second)();
  assert.equal(isIn, true);
});

test('a caller who goes away waits no longer', async () => {
  const bodies = createUnknownBodies(createBudget(10));
  const leave = await bodies.admit('100000', limit, signal);
  const gone = new AbortController();
  const waiting = bodies.admit('100000', limit, gone.signal);
  gone.abort(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  leave();
  (await bodies.admit('100000', limit, signal))();
});
