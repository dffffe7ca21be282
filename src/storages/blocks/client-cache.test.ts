import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import type { StoragePlace } from '../storage.ts';
import { createClientCache } from './client-cache.ts';

const place = placeAt('s3://bucket/one', { region: 'a' });
const as = (id: string, secret: string): StoragePlace => ({
  ...place,
  credential: { name: 'C', type: 's3', id, secret: new Secret(secret) },
});

test('one client serves a host as long as user, secret, options and network are the same', () => {
  let made = 0;
  const cache = createClientCache(
    () => ++made,
    () => undefined,
  );
  const clientOf = (at: StoragePlace): number => {
    using lease = cache.lease(at);
    return lease.client;
  };
  const first = clientOf(as('id', 'secret'));
  assert.equal(clientOf(as('id', 'secret')), first);
  assert.equal(clientOf({ ...as('id', 'secret'), url: new URL('s3://bucket/two') }), first);
  const others = [
    place,
    as('other', 'secret'),
    as('id', 'other'),
    { ...as('id', 'secret'), options: { region: 'b' } },
    { ...as('id', 'secret'), url: new URL('s3://other/one') },
    { ...as('id', 'secret'), network: placeAt('s3://bucket').network },
  ];
  const clients = [first, ...others.map(clientOf)];
  assert.equal(new Set(clients).size, clients.length);
});

test('a client is closed when nobody has used it for some time, and not before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const closed: number[] = [];
  let made = 0;
  const cache = createClientCache(
    () => ++made,
    (client) => closed.push(client),
    1000,
  );
  const long = cache.lease(place);
  cache.lease(place)[Symbol.dispose]();
  t.mock.timers.tick(5000);
  assert.deepEqual(closed, []);
  long[Symbol.dispose]();
  t.mock.timers.tick(900);
  cache.lease(place)[Symbol.dispose]();
  t.mock.timers.tick(900);
  assert.deepEqual(closed, []);
  t.mock.timers.tick(100);
  assert.deepEqual(closed, [1]);
  cache.lease(place)[Symbol.dispose]();
  assert.equal(made, 2);
});
