import assert from 'node:assert/strict';
import test from 'node:test';
import { addSums, createNameCrc, emptySum, RunningSum } from './key-sum.ts';

/** As a server's DUMP has it: Jones, reflected; the check value of the algorithm. */
const checkValue = 'e9c6d914c4b8d9ca';

function sumOf(...names: readonly string[]): RunningSum {
  const sum = new RunningSum();
  const crc = createNameCrc();
  for (const name of names) {
    crc.of(Buffer.from(name));
    sum.add(crc);
  }
  return sum;
}

test('is the CRC-64 of one name, and the sum of several modulo 2^64', () => {
  assert.deepEqual(sumOf('123456789').sum(), { keys: 1, digest: checkValue });
  const twice = BigInt.asUintN(64, BigInt(`0x${checkValue}`) * 2n).toString(16);
  assert.deepEqual(sumOf('123456789', '123456789').sum(), { keys: 2, digest: twice });
});

test('does not depend on the order, and tells other names apart', () => {
  assert.deepEqual(sumOf('a', 'b', 'c').sum(), sumOf('c', 'a', 'b').sum());
  assert.notDeepEqual(sumOf('a', 'b').sum(), sumOf('a', 'c').sum());
});

test('takes back what was added, with the carry', () => {
  const crc = createNameCrc();
  const names = Array.from({ length: 200 }, (_, index) => `name ${index}`);
  const sum = sumOf(...names);
  for (const name of names) {
    crc.of(Buffer.from(name));
    sum.remove(crc);
  }
  assert.deepEqual(sum.sum(), emptySum);
});

test('goes on from what was written down, and adds parts', () => {
  const names = Array.from({ length: 100 }, (_, index) => `key:${index}`);
  const first = sumOf(...names.slice(0, 40)).sum();
  const rest = new RunningSum(first);
  const crc = createNameCrc();
  for (const name of names.slice(40)) {
    crc.of(Buffer.from(name));
    rest.add(crc);
  }
  assert.deepEqual(rest.sum(), sumOf(...names).sum());
  assert.deepEqual(addSums([first, sumOf(...names.slice(40)).sum()]), rest.sum());
  assert.deepEqual(addSums([]), emptySum);
});
