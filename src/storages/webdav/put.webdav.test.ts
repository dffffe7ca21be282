import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Apache, startApache } from '../../../test/harness/apache.ts';
import { bytesSource, readAll } from '../../../test/harness/byte-sources.ts';
import { startHttpGateway } from '../../../test/harness/http-gateway.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { Secret } from '../../base/secret.ts';
import { smallBytes } from '../blocks/sized-body.ts';
import type { Storage } from '../storage.ts';
import { webdavDriver } from './driver.ts';

const context = recordingContext();
const fail = { ifExists: 'fail' } as const;

let server: Apache;
before(async () => {
  server = await startApache();
});
after(() => server[Symbol.asyncDispose]());

const storageAt = (port = server.port, user = server.user): Storage =>
  webdavDriver.open({
    ...placeAt(`webdav://127.0.0.1:${port}/dav/put`),
    credential: { name: 'DAV', type: 'http', id: user.name, secret: new Secret(user.password) },
  });

test('a move whose answer is lost has been made', async () => {
  let moves = 0;
  await using gateway = await startHttpGateway(server.port, ({ method }) => {
    if (method !== 'MOVE') return 'pass';
    moves += 1;
    return 'lose-answer';
  });
  const bytes = Buffer.from('moved');
  const stored = await storageAt(gateway.port).put('lost answer', bytesSource(bytes), fail, context);
  assert.deepEqual(stored, { bytes: 5 });
  assert.equal(moves, 1);
  assert.deepEqual(await readAll(storageAt().get('lost answer', null, context)), bytes);
});

test('a refusal comes before a large body is sent', async () => {
  const chunk = 256 * 1024;
  let given = 0;
  const source = {
    async *open(): AsyncGenerator<Uint8Array> {
      for (; given < 100 * 1024 ** 2; given += chunk) yield Buffer.alloc(chunk);
    },
  };
  await storageAt().put('first', bytesSource(Buffer.from('x')), fail, context);
  await assert.rejects(storageAt(server.port, server.reader).put('refused', source, fail, context), {
    code: 'storage-denied',
  });
  assert.ok(given <= smallBytes + 2 * chunk, `${given} bytes were read`);
});

test('a large file into a folder that is not there is read once', async () => {
  const bytes = Buffer.alloc(smallBytes + 1_000_003, 'x');
  const source = bytesSource(bytes);
  const name = 'new/folders/on the way/large';
  assert.deepEqual(await storageAt().put(name, source, fail, context), { bytes: bytes.length });
  assert.equal(source.opened, 1);
  assert.ok((await readAll(storageAt().get(name, null, context))).equals(bytes));
});

test('a location without host, with a user in it, or with a path that leads elsewhere, is refused', () => {
  for (const url of ['webdav:///path', 'webdavs://user@host/path', 'webdav://host/a/..%2f..%2fother']) {
    assert.throws(() => webdavDriver.open(placeAt(url)), { code: 'location-invalid' });
  }
  assert.throws(
    () =>
      webdavDriver.open({
        ...placeAt('webdavs://host/path', { kind: 'oci' }),
        credential: { name: 'DAV', type: 'http', id: null, secret: new Secret('x') },
      }),
    { code: 'location-invalid', message: /password or bearer/ },
  );
});
