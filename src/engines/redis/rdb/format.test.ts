import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOf, parseMagic } from './format.ts';

test('magics of both families', () => {
  assert.deepEqual(parseMagic(Buffer.from('REDIS0012...')), {
    family: 'redis',
    version: 12,
    magic: 'REDIS0012',
  });
  assert.deepEqual(formatOf('VALKEY080'), { family: 'valkey', version: 80, magic: 'VALKEY080' });
});

for (const magic of ['REDIS000a', 'REDIS0000', 'redis0012', 'VALKEY80\n', 'PK\x03\x04', '', 'REDIS00123']) {
  test(`${JSON.stringify(magic)} is none`, () => {
    assert.throws(() => formatOf(magic), { code: 'dump-damaged' });
  });
}
