import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gate } from './gate.ts';

const never = new AbortController().signal;

test('at most so many are inside, and who waits enters in order', async () => {
  const door = gate(2);
  const order: number[] = [];
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 7 }, async (_, index) => {
      const leave = await door.enter(never);
      order.push(index);
      inside += 1;
      most = Math.max(most, inside);
      await turn();
      inside -= 1;
      leave();
    }),
  );
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6]);
});

test('leaving twice gives back one place', async () => {
  const door = gate(1);
  const leave = await door.enter(never);
  leave();
  leave();
  await door.enter(never);
  const controller = new AbortController();
  const waiting = door.enter(controller.signal);
  controller.abort(new Error('no place'));
  await assert.rejects(waiting, { message: 'no place' });
});

test('who gives up loses its turn, and the others go on', async () => {
  const door = gate(1);
  const leave = await door.enter(never);
  const controller = new AbortController();
  const givesUp = door.enter(controller.signal);
  const stays = door.enter(never);
  controller.abort(new Error('enough'));
  await assert.rejects(givesUp, { message: 'enough' });
  leave();
  await stays;
});
