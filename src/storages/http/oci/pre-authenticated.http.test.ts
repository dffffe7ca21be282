import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { bytesSource, listAll, readAll, stuckSource } from '../../../../test/harness/byte-sources.ts';
import { placeAt } from '../../../../test/harness/local-storage.ts';
import { type OciFake, startOciFake } from '../../../../test/harness/oci-fake.ts';
import { recordingContext } from '../../../../test/harness/recording-context.ts';
import { Secret } from '../../../base/secret.ts';
import type { Storage } from '../../storage.ts';
import { httpDriver } from '../driver.ts';

/* Against a fake of ours: there is no server of Oracle's object storage to be had. */

const context = recordingContext();
const fail = { ifExists: 'fail' } as const;
const large = Buffer.alloc(
  25_000_003,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

let fake: OciFake;
before(async () => {
  const { publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  fake = await startOciFake('nobody', publicKey);
});
after(() => fake[Symbol.asyncDispose]());

function storageAt(
  location: string,
  secret = `http://127.0.0.1:${fake.port}${fake.preAuthenticatedPath}`,
): Storage {
  return httpDriver.open({
    ...placeAt(`http://127.0.0.1:${fake.port}${location}`, { kind: 'url' }),
    credential: { name: 'PAR', type: 'http', id: null, secret: new Secret(secret) },
  });
}

test('a large file goes in parts, a small one in one request, and both come back', async () => {
  const storage = storageAt('/backups/');
  for (const [name, bytes] of [
    ['large ü', large],
    ['small', Buffer.from('small')],
    ['none', Buffer.alloc(0)],
  ] as const) {
    assert.deepEqual(await storage.put(name, bytesSource(bytes), fail, context), { bytes: bytes.length });
    assert.ok((await readAll(storage.get(name, null, context))).equals(bytes));
    assert.deepEqual(await storage.stat(name, context), { name, bytes: bytes.length });
    await assert.rejects(storage.put(name, bytesSource(bytes), fail, context), { code: 'file-exists' });
  }
  const range = { start: 20_000_000, end: 20_000_100 };
  const read = await readAll(storage.get('large ü', range, context));
  assert.ok(read.equals(large.subarray(range.start, range.end + 1)));
  assert.deepEqual(fake.unfinished(), []);
});

test('an aborted upload leaves nothing', async () => {
  const stopping = recordingContext();
  const source = stuckSource(large);
  const running = storageAt('/').put('aborted', source, fail, stopping);
  await source.reached;
  stopping.abort();
  await assert.rejects(running, { code: 'aborted' });
  assert.equal(await storageAt('/').stat('aborted', context), null);
  assert.deepEqual(fake.unfinished(), []);
});

test('what a pre-authenticated request cannot do is refused by name', async () => {
  const storage = storageAt('/refused/');
  assert.equal(storage.lists, false);
  await storage.put('x', bytesSource(Buffer.from('x')), fail, context);
  await assert.rejects(listAll(storage.list('', context)), { code: 'unsupported' });
  await assert.rejects(storage.remove('x', context), { code: 'unsupported', message: /cannot be removed/ });
  await storage.remove('never was', context);
});

test('the probe leaves one small file at most', async () => {
  const storage = storageAt('/probe/');
  await storage.probe(context);
  await storage.probe(context);
  assert.deepEqual(await storage.stat('pumphouse-probe', context), { name: 'pumphouse-probe', bytes: 64 });
});

test('neither description nor errors show the token', async () => {
  const wrong = storageAt(
    '/',
    `http://127.0.0.1:${fake.port}/p/hidden-token/n/tests/b/dumps/o/?also=hidden-query`,
  );
  const shown = [wrong.description];
  for (const call of [
    () => wrong.put('x', bytesSource(large), fail, context),
    () => wrong.put('x', bytesSource(Buffer.from('x')), fail, context),
    () => readAll(wrong.get('x', null, context)),
    () => wrong.probe(context),
  ]) {
    const error: unknown = await call().then(
      () => assert.fail('It succeeded.'),
      (failure: unknown) => failure,
    );
    assert.equal((error as { readonly code: string }).code, 'storage-denied');
    shown.push(inspect(error, { depth: 9 }));
  }
  assert.doesNotMatch(shown.join('\n'), /hidden/);
});
