import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { keystoneUser, startFakeKeystone } from '../../../test/harness/keystone.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { type SwiftServer, smallSegments, startSwift } from '../../../test/harness/swift.ts';
import { Secret } from '../../base/secret.ts';
import type { ByteSource, Storage } from '../storage.ts';
import { swiftDriver } from './driver.ts';

const some = Buffer.from('some bytes');

describe('Swift storage', () => {
  let server: SwiftServer;
  const context = recordingContext();
  const credentialOf = (id: string, secret: string) => ({
    name: 'C',
    type: 'swift',
    id,
    secret: new Secret(secret),
  });
  const open = (url: string, driver = swiftDriver): Storage =>
    driver.open({
      ...placeAt(url, { 'auth-url': server.authUrl }),
      credential: credentialOf(server.owner.user, server.owner.key),
    });

  before(async () => {
    server = await startSwift();
  });
  after(() => server[Symbol.asyncDispose]());

  it('signs in anew when its token is no longer taken, also in the middle of an upload', async () => {
    const storage = open(`swift://${server.container}/token`, smallSegments);
    await storage.put('x', bytesSource(some), { ifExists: 'fail' }, context);
    await server.forgetTokens();
    const stats = await Promise.all(Array.from({ length: 5 }, () => storage.stat('x', context)));
    assert.deepEqual(new Set(stats.map((stat) => stat?.bytes)), new Set([some.length]));
    const interrupted: ByteSource = {
      async *open() {
        for (let sent = 0; sent < 24; sent += 1) {
          if (sent === 12) await server.forgetTokens();
          yield Buffer.alloc(256 * 1024, sent);
        }
      },
    };
    const { bytes } = await storage.put('large', interrupted, { ifExists: 'fail' }, context);
    assert.equal((await storage.stat('large', context))?.bytes, bytes);
  });

  it('signs in once for all who open the same place, by Keystone', async () => {
    const token = async (): Promise<string> => {
      const headers = { 'x-auth-user': server.owner.user, 'x-auth-key': server.owner.key };
      return (await fetch(server.authUrl, { headers })).headers.get('x-auth-token') ?? '';
    };
    await using keystone = await startFakeKeystone({
      token,
      swift: [{ interface: 'public', region: 'RegionOne', url: server.storageUrl }],
    });
    const { id, password, project } = keystoneUser;
    const options = { 'auth-url': keystone.authUrl, project };
    const { network } = placeAt('swift://dumps');
    const storages = Array.from({ length: 20 }, (_, index) =>
      swiftDriver.open({
        url: new URL(`swift://${server.container}/keystone/${index}`),
        options,
        credential: credentialOf(id, password),
        network,
      }),
    );
    await Promise.all(
      storages.map((storage) => storage.put('x', bytesSource(some), { ifExists: 'fail' }, context)),
    );
    for (const storage of storages) assert.deepEqual(await readAll(storage.get('x', null, context)), some);
    assert.equal(keystone.logins, 1);
    await server.forgetTokens();
    assert.equal((await storages[0]?.stat('x', context))?.bytes, some.length);
    assert.equal(keystone.logins, 2);
  });

  it('reads an open container without a credential, and says what it may not do', async () => {
    const headers = { 'x-container-read': '.r:*,.rlistings' };
    await server.request('PUT', 'open', { headers });
    await open('swift://open/a').put('x', bytesSource(some), { ifExists: 'fail' }, context);
    const storage = swiftDriver.open(placeAt('swift://open/a', { endpoint: server.storageUrl }));
    assert.deepEqual(await readAll(storage.get('x', null, context)), some);
    assert.deepEqual(await listAll(storage.list('', context)), [{ name: 'x', bytes: some.length }]);
    const putting = storage.put('y', bytesSource(some), { ifExists: 'fail' }, context);
    await assert.rejects(putting, { code: 'storage-denied', message: /\(401 Unauthorized\)\.$/ });
  });

  it('knows a missing container from a missing file', async () => {
    const there = open(`swift://${server.container}`);
    await assert.rejects(readAll(there.get('missing', null, context)), { code: 'file-missing' });
    const missing = open('swift://nowhere/a');
    for (const asked of [
      () => readAll(missing.get('x', null, context)),
      () => listAll(missing.list('', context)),
      () => missing.put('x', bytesSource(some), { ifExists: 'fail' }, context),
    ]) {
      await assert.rejects(asked(), { code: 'bucket-missing', message: /nowhere.+\(404 Not Found\)\.$/ });
    }
  });

  it('takes containers and prefixes of any name, and passes over the folders that other programs mark', async () => {
    const container = 'my dumps ü+%41';
    await server.request('PUT', encodeURIComponent(container));
    const storage = open(`swift://${encodeURIComponent(container)}/a%20b/%C3%BC`);
    for (const marker of ['a b/', 'a b/ü/', 'a b/ü/sub/']) {
      await server.request('PUT', `${encodeURIComponent(container)}/${encodeURIComponent(marker)}`);
    }
    await storage.put('sub/x#?&', bytesSource(some), { ifExists: 'fail' }, context);
    assert.deepEqual(await listAll(storage.list('', context)), [{ name: 'sub/x#?&', bytes: some.length }]);
    assert.deepEqual(await readAll(storage.get('sub/x#?&', { start: 5, end: 9 }, context)), some.subarray(5));
  });

  it('lists more files than Swift gives at once', async () => {
    const storage = open(`swift://${server.container}/pages`);
    const names = Array.from({ length: 95 }, (_, index) => `file ${String(index).padStart(3, '0')}`);
    await Promise.all(
      names.map((name) => storage.put(name, bytesSource(some), { ifExists: 'fail' }, context)),
    );
    const listed = await listAll(storage.list('file', context));
    assert.deepEqual(
      listed.map(({ name }) => name),
      names,
    );
  });

  it('tells when bytes leave, long before a part is through', async () => {
    const storage = open(`swift://${server.container}/sent`);
    for (const [name, bytes] of [
      ['whole', 5 * 1024 ** 2],
      ['segments', 20 * 1024 ** 2],
    ] as const) {
      let times = 0;
      const options = { ifExists: 'fail', onSent: () => (times += 1) } as const;
      await storage.put(name, bytesSource(Buffer.alloc(bytes)), options, context);
      assert.ok(times >= bytes / 1024 ** 2, `${times} times in ${bytes} bytes`);
    }
  });

  it('shows no secret in what it says', async () => {
    const secret = 'hush-hush';
    const storage = swiftDriver.open({
      ...placeAt(`swift://${server.container}/x`, { 'auth-url': server.authUrl }),
      credential: credentialOf(server.owner.user, secret),
    });
    const error: unknown = await storage.stat('x', context).catch((thrown: unknown) => thrown);
    assert.doesNotMatch(`${inspect(error, { depth: 9 })} ${storage.description}`, /hush/);
  });
});
