import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createKeyedSerial, createSerial } from './serial.ts';

test('work runs one after the other, also after a failure', async () => {
  const serial = createSerial();
  const seen: string[] = [];
  const step = (name: string, fails = false) =>
    serial(async () => {
      seen.push(`${name} begins`);
      await turn();
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([step('a'), step('b', true), step('c')]);
  assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('keys do not wait for each other', async () => {
  const serial = createKeyedSerial();
  const gate = Promise.withResolvers<void>();
  const first = serial('one', () => gate.promise);
  let second = false;
  const blocked = serial('one', async () => {
    second = true;
  });
  await serial('two', async () => undefined);
  assert.equal(second, false);
  gate.resolve();
  await Promise.all([first, blocked]);
  assert.equal(second, true);
});
