import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { locationFields, locationQuery } from './location.ts';

test('a name is a directory, a path is one of here, a URL stays', () => {
  const here = (name: string) => ({ location: pathToFileURL(path.resolve(name)).href });
  assert.deepEqual(locationFields(undefined), {});
  assert.deepEqual(locationFields('DATA_PUMP_DIR'), { directory: 'DATA_PUMP_DIR' });
  assert.deepEqual(locationFields('file:///var/dumps'), { location: 'file:///var/dumps' });
  for (const given of ['.', './dumps', '../dumps', 'dumps/may', '/var/my dumps'])
    assert.deepEqual(locationFields(given), here(given), given);
});

test('as a query', () => {
  assert.equal(locationQuery(undefined), '');
  assert.equal(locationQuery('SPARE', { file: 'A%U.DMP' }), '?directory=SPARE&file_pattern=A%25U.DMP');
  assert.equal(
    locationQuery('s3://b/p?region=r', { credential: 'C' }),
    '?location=s3%3A%2F%2Fb%2Fp%3Fregion%3Dr&credential=C',
  );
});
