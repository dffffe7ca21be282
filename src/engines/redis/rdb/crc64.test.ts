import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Crc64, createCrc64 } from './crc64.ts';

/** Bit by bit, as the definition reads. */
function slowly(bytes: Uint8Array): bigint {
  let sum = 0n;
  for (const byte of bytes) {
    sum ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1n) === 1n ? (sum >> 1n) ^ 0x95ac9329ac4bc9b5n : sum >> 1n;
  }
  return sum;
}

const sumOf = ({ high, low }: Crc64): bigint => (BigInt(high) << 32n) | BigInt(low);

test('the check value', () => {
  const crc = createCrc64();
  crc.add(Buffer.from('123456789'));
  assert.equal(sumOf(crc), 0xe9c6d914c4b8d9can);
});

test('is the same whatever the pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(400), { maxLength: 4 }), (bytes, cuts) => {
      const crc = createCrc64();
      const other = createCrc64();
      let at = 0;
      for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        const end = Math.min(cut, bytes.length);
        crc.add(bytes, at, end);
        other.add(bytes.slice(0, 3));
        at = end;
      }
      assert.equal(sumOf(crc), slowly(bytes));
    }),
  );
});

test('of more than the module takes at once', () => {
  const bytes = Buffer.alloc(200_003, 'some text');
  const whole = createCrc64();
  whole.add(bytes);
  const single = createCrc64();
  for (let at = 0; at < bytes.length; at++) single.add(bytes, at, at + 1);
  assert.equal(sumOf(whole), sumOf(single));
  const written = new Uint8Array(10);
  whole.writeTo(written, 1);
  assert.equal(Buffer.from(written).readBigUInt64LE(1), sumOf(whole));
  assert.equal(whole.equals(written, 1), true);
  for (let bit = 0; bit < 64; bit++) {
    const flipped = Uint8Array.from(written);
    flipped[1 + (bit >> 3)] = (written[1 + (bit >> 3)] as number) ^ (1 << (bit & 7));
    assert.equal(whole.equals(flipped, 1), false);
  }
  whole.reset();
  assert.equal(sumOf(whole), 0n);
});
