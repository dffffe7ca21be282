import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpVersion, payloadBytes, writePayload } from './payload.ts';

/** DUMP of the string `hello` under the footers of several servers; that of version 10 is a real server's. */
const footers = {
  9: '0900b3808eba31b243bb',
  10: '0a006372df766534200a',
  11: '0b000aad620598abc983',
  12: '0c00a804ebb69f1ebe43',
  80: '5000ac5816e7fb6647fe',
} as const;

for (const [version, footer] of Object.entries(footers)) {
  test(`a payload of version ${version}`, () => {
    const body = Buffer.from('\x05hello');
    const target = new Uint8Array(payloadBytes(body.length) + 3);
    assert.equal(writePayload(target, 3, 0, body, Number(version)), target.length);
    const payload = target.subarray(3);
    assert.equal(Buffer.from(payload).toString('hex'), `000568656c6c6f${footer}`);
    assert.equal(dumpVersion(payload), Number(version));
  });
}
