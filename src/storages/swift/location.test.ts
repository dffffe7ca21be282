import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectName, swiftLocation } from './location.ts';
import { segmentName, subManifestName, uploadOf } from './segment-names.ts';

for (const [url, container, base] of [
  ['swift://dumps', 'dumps', ''],
  ['swift://dumps/', 'dumps', ''],
  ['swift://Dumps_2/a/b/', 'Dumps_2', 'a/b/'],
  ['swift://my%20dumps/%C3%BC%2541', 'my dumps', 'ü%41/'],
] as const) {
  test(`${url} is the prefix ${JSON.stringify(base)} of the container ${JSON.stringify(container)}`, () => {
    const location = swiftLocation(new URL(url));
    assert.deepEqual([location.container, location.base], [container, base]);
    assert.match(location.description, /^swift:\/\/[\x21-\x7e]+$/);
  });
}

for (const url of [
  'swift:///x',
  'swift:x',
  'swift://user@dumps/x',
  'swift://user:hush@dumps/x',
  'swift://dumps:80/x',
  'swift://dumps/a//b',
  'swift://a%2Fb/x',
  'swift://%E0/x',
  `swift://${'n'.repeat(257)}/x`,
  'swift://dumps/.pumphouse-segments.part/x',
]) {
  test(`${url.slice(0, 60)} is refused`, () => {
    assert.throws(
      () => swiftLocation(new URL(url)),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'location-invalid');
        assert.doesNotMatch(error.message, /hush/);
        return true;
      },
    );
  });
}

test('a name goes below the prefix, and leaves room for the names of its segments', () => {
  const location = swiftLocation(new URL('swift://dumps/a'));
  assert.equal(objectName(location, 'b/c'), 'a/b/c');
  assert.throws(() => objectName(location, '../x'), { code: 'file-name-invalid' });
  const part = 'n'.repeat(255);
  const longest = objectName(location, `${part}/${part}/${part}/${'n'.repeat(154)}`);
  const upload = { object: longest, tag: 'a'.repeat(40), folder: '' };
  for (const name of [segmentName, subManifestName]) {
    const folder = `.pumphouse-segments.part/${longest}/${upload.tag}/`;
    assert.ok(Buffer.byteLength(name({ ...upload, folder }, 99_999)) <= 1024);
  }
  assert.throws(() => objectName(location, `${part}/${part}/${part}/${'n'.repeat(155)}`), {
    code: 'file-name-invalid',
  });
});

test('a segment says which file it is of and who wrote it', () => {
  const tag = '0123456789abcdef0123456789abcdef01234567';
  const folder = `.pumphouse-segments.part/a/b\n/c/${tag}/`;
  assert.deepEqual(uploadOf(`${folder}00000001`), { object: 'a/b\n/c', tag, folder });
  assert.deepEqual(uploadOf(`${folder}manifest-00001`)?.object, 'a/b\n/c');
  for (const other of ['a/b', '.pumphouse-segments.part/x', `.pumphouse-segments.part/a/${tag}`, folder]) {
    assert.equal(uploadOf(other), null, other);
  }
});
