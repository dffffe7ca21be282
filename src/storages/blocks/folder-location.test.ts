import assert from 'node:assert/strict';
import test from 'node:test';
import { asPath, folderLocation, folderOf } from './folder-location.ts';

const example = 'sftp://user@host/srv/dumps';
const read = (url: string) => folderLocation(new URL(url), example);

const bases: readonly (readonly [string, string])[] = [
  ['sftp://host', ''],
  ['sftp://host/', ''],
  ['sftp://host/srv/dumps', '/srv/dumps'],
  ['sftp://host/srv//dumps/', '/srv/dumps'],
  ['sftp://host/a%20b/%25/ü', '/a b/%/ü'],
  ['sftp://host/~', '.'],
  ['sftp://host/~/', '.'],
  ['sftp://host/~/a/b', './a/b'],
  ['sftp://host/a/~', '/a/~'],
  ['ftp://host/srv/dumps', '/srv/dumps'],
];
for (const [url, base] of bases) {
  test(`${url} is the base ${JSON.stringify(base)}`, () => assert.equal(read(url).base, base));
}

test('host, port and user are read, and the description has no password', () => {
  const found = read('sftp://a%40b@[::1]:2222/x/');
  assert.deepEqual(found, {
    host: '[::1]',
    port: 2222,
    user: 'a@b',
    base: '/x',
    description: 'sftp://a%40b@[::1]:2222/x',
  });
  assert.deepEqual(
    [read('sftp://host/x').port, read('sftp://host/x').user, read('ftp://host:21/x').port],
    [null, null, null],
  );
});

for (const url of [
  'sftp:///x',
  'sftp://host/a%2Fb',
  'sftp://host/%',
  'sftp://host/a%0Ab',
  'sftp://a%0Db@host/',
]) {
  test(`${url} is refused`, () =>
    assert.throws(() => read(url), { code: 'location-invalid', hint: new RegExp(example) }));
}

test('the folder of a path has the form of a base', () => {
  assert.deepEqual(['/x', '/a/x', './x', './a/x'].map(folderOf), ['', '/a', '.', './a']);
  assert.deepEqual(['', '/a', '.'].map(asPath), ['/', '/a', '.']);
});
