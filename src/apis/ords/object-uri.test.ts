import assert from 'node:assert/strict';
import test from 'node:test';
import { type ObjectPlace, splitObjectUri } from './object-uri.ts';

const oci = 'https://objectstorage.eu-frankfurt-1.oraclecloud.com/n/space/b/DataPumpBucket/o';
const cases: Readonly<Record<string, ObjectPlace | null>> = {
  's3://bucket/prefix/EXPDAT%U-DBTST.DMP': {
    location: 's3://bucket/prefix',
    filePattern: 'EXPDAT%U-DBTST.DMP',
  },
  's3://bucket/TIDE%u.DMP?endpoint=http://127.0.0.1:9000&region=x': {
    location: 's3://bucket?endpoint=http://127.0.0.1:9000&region=x',
    filePattern: 'TIDE%u.DMP',
  },
  [`${oci}/EXPDAT%U.DMP`]: { location: oci, filePattern: 'EXPDAT%U.DMP' },
  's3://bucket/a%20b/c/%U%U.DMP': { location: 's3://bucket/a%20b/c', filePattern: '%U%U.DMP' },
  'sftp://ann@host:22//abs/one.dmp': { location: 'sftp://ann@host:22//abs', filePattern: 'one.dmp' },
  'S3://bucket/a#b.dmp': { location: 'S3://bucket', filePattern: 'a#b.dmp' },
  's3://bucket': null,
  's3://bucket/': null,
  's3://bucket/prefix/': null,
  's3://bucket/prefix/?region=x': null,
  's3://?region=a/b.dmp': null,
  's3:///b.dmp': null,
  'TIDE%U.DMP': null,
  '/dumps/TIDE%U.DMP': null,
  'file:TIDE.DMP': null,
  's3://bucket/a b.dmp': null,
  '': null,
};
for (const [uri, expected] of Object.entries(cases)) {
  test(`${JSON.stringify(uri)} ${expected === null ? 'names no file at an object store' : 'is parted'}`, () => {
    assert.deepEqual(splitObjectUri(uri), expected);
  });
}

test('a long text that nearly is a URI is refused at once', () => {
  const started = performance.now();
  for (const part of ['/', 'a/', '%', '?', '#']) splitObjectUri(`s3://b${part.repeat(100_000)} `);
  assert.ok(performance.now() - started < 5000);
});
