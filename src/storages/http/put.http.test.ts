import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesSource, readAll, stuckSource } from '../../../test/harness/byte-sources.ts';
import { startHttpGateway } from '../../../test/harness/http-gateway.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { type Nginx, startNginx } from '../../../test/harness/nginx.ts';
import { type RcloneWebdav, startRcloneWebdav } from '../../../test/harness/rclone-webdav.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { Secret } from '../../base/secret.ts';
import type { Network } from '../../network/network.ts';
import { createLimit } from '../layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../stack.ts';
import type { Storage } from '../storage.ts';
import { httpDriver } from './driver.ts';

const context = recordingContext();
const large = Buffer.alloc(
  20_000_003,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

let nginx: Nginx;
/** Writes what it is sent into the file itself, and leaves there what came before a cut. */
let inPlace: RcloneWebdav;
before(async () => {
  [nginx, inPlace] = await Promise.all([startNginx(), startRcloneWebdav()]);
});
after(() => Promise.all([nginx[Symbol.asyncDispose](), inPlace[Symbol.asyncDispose]()]));

const storageInPlace = (): Storage =>
  httpDriver.open({
    ...placeAt(`http://127.0.0.1:${inPlace.port}/dav`),
    credential: {
      name: 'WEB',
      type: 'http',
      id: inPlace.user.name,
      secret: new Secret(inPlace.user.password),
    },
  });

test('a server that writes in place keeps no partial file of an aborted upload', async () => {
  const stopping = recordingContext();
  const source = stuckSource(large);
  const running = storageInPlace().put('partial', source, { ifExists: 'fail' }, stopping);
  await source.reached;
  while ((await readdir(inPlace.root)).length === 0) await sleep(5);
  stopping.abort();
  await assert.rejects(running, { code: 'aborted' });
  assert.equal(await storageInPlace().stat('partial', context), null);
  assert.deepEqual(await readdir(inPlace.root), []);
});

test('what somebody else has written stays when an upload is refused', async () => {
  const { name, password } = inPlace.user;
  const stored = await fetch(`http://127.0.0.1:${inPlace.port}/dav/theirs`, {
    method: 'PUT',
    headers: { authorization: `Basic ${btoa(`${name}:${password}`)}` },
    body: 'theirs',
  });
  assert.ok(stored.ok);
  await assert.rejects(storageInPlace().put('theirs', bytesSource(large), { ifExists: 'fail' }, context), {
    code: 'file-exists',
  });
  assert.equal((await readAll(storageInPlace().get('theirs', null, context))).toString(), 'theirs');
});

for (const lost of ['PUT', 'HEAD'] as const) {
  test(`a ${lost} whose answer is lost: another try finds nothing of it in the way`, async () => {
    let asked = 0;
    await using gateway = await startHttpGateway(nginx.port, ({ method }) => {
      if (method === lost) asked += 1;
      // The first HEAD comes before the upload.
      return method === lost && asked === (lost === 'HEAD' ? 2 : 1) ? 'lose-answer' : 'pass';
    });
    const options = { ...defaultLayerOptions, retry: { attempts: 3, firstDelayMs: 5, maxDelayMs: 5 } };
    const storage = stackStorage(
      httpDriver.open(placeAt(`http://127.0.0.1:${gateway.port}/files/lost`)),
      options,
      createLimit(options.limit),
    );
    await storage.put(lost, bytesSource(large), { ifExists: 'fail' }, recordingContext());
    assert.ok((await readAll(storage.get(lost, null, context))).equals(large));
  });
}

for (const [status, code, temporary] of [
  [401, 'storage-denied', false],
  [403, 'storage-denied', false],
  [411, 'unsupported', false],
  [413, 'storage-unwritable', false],
  [429, 'storage-throttled', true],
  [500, 'storage-failed', true],
  [503, 'storage-failed', true],
  [504, 'storage-timeout', true],
  [507, 'storage-full', false],
] as const) {
  test(`a server that answers ${status} to everything gives ${code}`, async () => {
    const storage = httpDriver.open(placeAt(`http://127.0.0.1:${nginx.port}/status/${status}/`));
    for (const call of [
      () => storage.put('x', bytesSource(large), { ifExists: 'replace' }, context),
      () => readAll(storage.get('x', null, context)),
      () => storage.stat('x', context),
      () => storage.remove('x', context),
    ]) {
      await assert.rejects(call(), { code, temporary, message: new RegExp(`\\(${status} [^)]+\\)\\.$`) });
    }
  });
}

test('over TLS: the certificate is checked, files go and come, and no redirect leads away from it', async () => {
  const place = placeAt(`https://127.0.0.1:${nginx.tlsPort}/files/tls`);
  const stranger = httpDriver.open(place);
  await assert.rejects(stranger.stat('x', context), { code: 'storage-unreachable', message: /certificate/ });
  const { network } = place;
  const trusting: Network = {
    ...network,
    agents: (options) => network.agents({ ...options, ca: nginx.certificate }),
  };
  const storage = httpDriver.open({ ...place, network: trusting });
  await storage.put('x', bytesSource(large), { ifExists: 'fail' }, context);
  assert.ok((await readAll(storage.get('x', null, context))).equals(large));
  const away = httpDriver.open({
    ...placeAt(`https://127.0.0.1:${nginx.tlsPort}/redirect/302/files/tls`),
    network: trusting,
  });
  await assert.rejects(readAll(away.get('x', null, context)), {
    code: 'storage-failed',
    message: /away from https/,
  });
});
