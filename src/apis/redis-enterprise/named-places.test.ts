import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallContext, DirectoryView, Service } from '../../service/service.ts';
import { createPlaceNames, mountedPlace } from './named-places.ts';

const directory = (name: string, url: string): DirectoryView => ({
  name,
  url,
  credential: null,
  readOnly: false,
  shared: false,
  createdAt: 0,
});
const directories = [
  directory('DUMPS', 'file:///srv/dumps'),
  directory('NIGHTLY', 'file:///srv/dumps/nightly%20runs/'),
  directory('CLOUD', 's3://bucket/srv'),
];

test('a path lies in the innermost directory that holds it', () => {
  const placed = (path: string) => {
    const { location, folder } = mountedPlace(path, directories);
    return [location.type === 'directory' ? location.directory : location.url, folder];
  };
  assert.deepEqual(placed('/srv/dumps'), ['DUMPS', '']);
  assert.deepEqual(placed('/srv/dumps/'), ['DUMPS', '']);
  assert.deepEqual(placed('/srv/dumps/a/b'), ['DUMPS', 'a/b']);
  assert.deepEqual(placed('/srv/dumps/nightly runs/x'), ['NIGHTLY', 'x']);
});

test('a path outside of all directories is refused, also one whose name begins like theirs', () => {
  for (const path of ['/srv', '/srv/dumps2', '/etc', '/'])
    assert.throws(() => mountedPlace(path, directories), /no directory of this service/);
});

test('equal credentials go with the job once', async () => {
  const names = createPlaceNames({} as Service, {} as CallContext);
  const place = (secret: string) => ({
    address: { url: 's3://b' },
    credential: { type: 's3', id: 'a', secret },
  });
  const locations = [];
  for (const secret of ['one', 'two', 'one']) locations.push((await names.name(place(secret))).location);
  assert.deepEqual(
    locations.map((location) => location.type === 'url' && location.credential),
    ['own:0', 'own:1', 'own:0'],
  );
  assert.deepEqual(
    names.credentials.map(({ secret }) => secret),
    ['one', 'two'],
  );
});
