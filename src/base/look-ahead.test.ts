import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookAhead } from './look-ahead.ts';

const source = (closed: () => void = () => {}) =>
  (async function* () {
    try {
      for (const size of [3, 4, 5]) yield Buffer.alloc(size, String(size));
    } finally {
      closed();
    }
  })();

test('finds out how much there is, and gives all of it afterwards', async () => {
  for (const [wanted, found] of [
    [0, 0],
    [1, 3],
    [7, 7],
    [8, 12],
    [100, 12],
  ] as const) {
    const ahead = await lookAhead(source(), wanted);
    assert.equal(ahead.found, found);
    assert.equal(Buffer.concat(await Array.fromAsync(ahead.bytes)).toString(), '333444455555');
  }
});

test('passes an error on, from before and after', async () => {
  const failing = (after: number) =>
    (async function* () {
      for (let i = 0; i < after; i++) yield Buffer.from('a');
      throw new Error('broken');
    })();
  await assert.rejects(lookAhead(failing(1), 2), /broken/);
  const ahead = await lookAhead(failing(3), 2);
  await assert.rejects(Array.fromAsync(ahead.bytes), /broken/);
});

test('closes the source when it is left early, wherever', async () => {
  for (const stopAfter of [1, 2, 3]) {
    let closed = 0;
    const { bytes } = await lookAhead(
      source(() => closed++),
      4,
    );
    let seen = 0;
    for await (const _ of bytes) if (++seen === stopAfter) break;
    assert.equal(closed, 1, `after ${stopAfter}`);
  }
});

test('closes the source when nothing of it is used', async () => {
  let closed = 0;
  const { bytes } = await lookAhead(
    source(() => closed++),
    4,
  );
  assert.deepEqual(await bytes.return(), { value: undefined, done: true });
  assert.equal(closed, 1);
  assert.equal((await bytes.next()).done, true);
});
