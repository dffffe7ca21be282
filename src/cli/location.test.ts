import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fileFields, locationFields, locationQuery } from './location.ts';

test('a name is a directory, a path is one of here, a URL stays', () => {
  const here = (name: string) => ({ location: pathToFileURL(path.resolve(name)).href });
  assert.deepEqual(locationFields(undefined), {});
  assert.deepEqual(locationFields('DATA_PUMP_DIR'), { directory: 'DATA_PUMP_DIR' });
  assert.deepEqual(locationFields('file:///var/dumps'), { location: 'file:///var/dumps' });
  for (const given of ['.', './dumps', '../dumps', 'dumps/may', '/var/my dumps'])
    assert.deepEqual(locationFields(given), here(given), given);
});

test('a file is one of here, one at a URL, or one below a location', () => {
  const here = pathToFileURL(path.resolve('.')).href;
  assert.deepEqual(fileFields('dump.rdb', undefined), { location: here, file: 'dump.rdb' });
  assert.deepEqual(fileFields('./old/dump 1.rdb', undefined), {
    location: `${here}/old`,
    file: 'dump 1.rdb',
  });
  assert.deepEqual(fileFields('/var/redis/dump.rdb', undefined), {
    location: 'file:///var/redis',
    file: 'dump.rdb',
  });
  assert.deepEqual(fileFields('s3://b/dump%201.rdb.gz?region=r', undefined, 'C'), {
    location: 's3://b/?region=r',
    credential: 'C',
    file: 'dump 1.rdb.gz',
  });
  assert.deepEqual(fileFields('sftp://ann@h/a/b/dump.rdb', undefined), {
    location: 'sftp://ann@h/a/b/',
    file: 'dump.rdb',
  });
  assert.deepEqual(fileFields('may/dump.rdb', 'BACKUPS'), { directory: 'BACKUPS', file: 'may/dump.rdb' });
  for (const given of [
    's3://bucket',
    's3://bucket/',
    'https://h/a/',
    's3://b/100%',
    'x:',
    '',
    '.',
    '..',
    'dumps/',
    '../..',
  ]) {
    assert.throws(() => fileFields(given, undefined), { code: 'usage', field: 'own_files' }, given);
  }
});

test('as a query', () => {
  assert.equal(locationQuery(undefined), '');
  assert.equal(locationQuery('SPARE', { file: 'A%U.DMP' }), '?directory=SPARE&file_pattern=A%25U.DMP');
  assert.equal(
    locationQuery('s3://b/p?region=r', { credential: 'C' }),
    '?location=s3%3A%2F%2Fb%2Fp%3Fregion%3Dr&credential=C',
  );
});
