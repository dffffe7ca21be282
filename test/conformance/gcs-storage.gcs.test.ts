import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { gcsDriver } from '../../src/storages/gcs/driver.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { startAnswerLoser } from '../harness/answer-loser.ts';
import { bytesSource, failingSource, listAll, readAll, stuckSource } from '../harness/byte-sources.ts';
import { type GcsFake, startGcsFake } from '../harness/gcs-fake.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const module = path.resolve(import.meta.dirname, '../../src/storages/gcs/driver.ts');

let fake: GcsFake;
let writer: string;
let reader: string;
let buckets = 0;
before(async () => {
  fake = await startGcsFake();
  writer = fake.keyFile('writer', 'write');
  reader = fake.keyFile('reader', 'read');
});
after(() => fake.stop());

function newBucket(isPublic = false): string {
  buckets += 1;
  fake.makeBucket(`bucket-${buckets}`, isPublic);
  return `bucket-${buckets}`;
}

function storageAt(
  bucket: string,
  base: string,
  secret: string | null = writer,
  endpoint = fake.endpoint,
): Storage {
  return gcsDriver.open({
    ...placeAt(`gs://${bucket}/${base}`, { endpoint }),
    credential: secret === null ? null : { name: 'GCS', type: 'gcs', id: null, secret: new Secret(secret) },
  });
}

async function gcsHarness(dress: (storage: Storage) => Storage): Promise<StorageHarness> {
  const bucket = newBucket();
  return {
    storage: dress(storageAt(bucket, 'base')),
    missing: dress(storageAt(bucket, 'missing')),
    unwritable: dress(storageAt(bucket, 'base', reader)),
    // Nobody can list upload sessions, and they fade.
    cleansItself: true,
    async killedPut(name) {
      await killedUpload({
        module,
        driver: 'gcsDriver',
        url: `gs://${bucket}/base`,
        options: { endpoint: fake.endpoint },
        credential: { type: 'gcs', id: null, secret: writer },
        name,
        bytes: 40 * 1024 ** 2,
      });
      assert.deepEqual(fake.uploads.open(bucket), [`base/${name}`]);
      fake.uploads.fade();
    },
    leftovers: async () => fake.uploads.open(bucket),
    close: async () => undefined,
  };
}

storageConformance('gcs', () => gcsHarness((storage) => storage));

storageConformance('gcs behind its layers', () =>
  gcsHarness((storage) => stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit))),
);

storageFaults('gcs', async (): Promise<FaultHarness> => {
  const bucket = newBucket();
  return {
    server: { port: fake.port, isHttp: true },
    storageAt: (host, port) => storageAt(bucket, 'base', writer, `http://${host}:${port}`),
    wrongKey: {
      storage: storageAt(bucket, 'base', fake.keyFile('forger', 'write', true)),
      code: 'storage-denied',
      says: /invalid_grant/,
    },
    missingBucket: { storage: storageAt('missing', 'base'), code: 'bucket-missing', says: /notFound/ },
    readOnly: { storage: storageAt(bucket, 'base', reader), code: 'storage-denied', says: /forbidden/ },
    full: 'Buckets have no quotas.',
    // Tokens are kept for an hour, and the fake has our clock; what a wrong one does to the asking for a token is shown below.
    staleClock: null,
    oneWriterWins: true,
    refusal(status) {
      const reason = status === 429 ? 'rateLimitExceeded' : 'backendError';
      return {
        status,
        contentType: 'application/json',
        body: JSON.stringify({ error: { code: status, message: 'Not now.', errors: [{ reason }] } }),
        says: new RegExp(reason),
      };
    },
    // Sessions never show, and fade; that aborted ones are cancelled is shown below.
    leftovers: () => Promise.resolve([]),
    close: async () => undefined,
  };
});

describe('gcs', { timeout: 60_000 }, () => {
  const context = recordingContext();
  const replace = { ifExists: 'replace' } as const;
  const large = Buffer.alloc(
    20_000_003,
    Uint8Array.from({ length: 251 }, (_, index) => index),
  );

  it('sends large files in a session, of odd lengths too', async () => {
    const bucket = newBucket();
    const storage = storageAt(bucket, 'large');
    const mebibyte = 1024 ** 2;
    for (const bytes of [8 * mebibyte, 8 * mebibyte + 1, 16 * mebibyte + 256 * 1024, large.length]) {
      const content = large.subarray(0, bytes);
      const stored = await storage.put('x', bytesSource(content), replace, context);
      assert.equal(stored.bytes, bytes);
      assert.ok((await readAll(storage.get('x', null, context))).equals(content));
    }
    assert.deepEqual(fake.uploads.open(bucket), []);
  });

  it('sends again what the storage did not keep of a chunk', async () => {
    const storage = storageAt(newBucket(), 'less');
    fake.uploads.keepLess();
    await storage.put('x', bytesSource(large), replace, context);
    assert.ok((await readAll(storage.get('x', null, context))).equals(large));
  });

  it('cancels the session of an upload that was aborted or whose source failed', async () => {
    const bucket = newBucket();
    const storage = storageAt(bucket, 'aborted');
    const stopping = recordingContext();
    const source = stuckSource(large);
    const running = storage.put('x', source, replace, stopping);
    await source.reached;
    assert.equal(fake.uploads.open(bucket).length, 1);
    stopping.abort();
    await assert.rejects(running, { code: 'aborted' });
    assert.deepEqual(fake.uploads.open(bucket), []);
    const error = new Error('The table has gone.');
    await assert.rejects(storage.put('x', failingSource(large, error), replace, context));
    assert.deepEqual(fake.uploads.open(bucket), []);
    assert.deepEqual(await listAll(storage.list('', context)), []);
  });

  it('refuses to overwrite when the other file came during the upload', async () => {
    const bucket = newBucket();
    const storage = storageAt(bucket, 'late');
    const source = {
      async *open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(large);
        await storage.put('x', bytesSource(Buffer.from('first')), { ifExists: 'fail' }, context);
        yield Buffer.from(large);
      },
    };
    await assert.rejects(storage.put('x', source, { ifExists: 'fail' }, context), { code: 'file-exists' });
    assert.equal((await readAll(storage.get('x', null, context))).toString(), 'first');
    assert.deepEqual(fake.uploads.open(bucket), []);
  });

  it('finds out that a file was made although the answer is lost', async () => {
    await using loser = await startAnswerLoser(fake.port);
    const bucket = newBucket();
    const storage = storageAt(bucket, 'lost', writer, `http://127.0.0.1:${loser.port}`);
    loser.lose(({ url = '' }) => url.includes('uploadType=media'));
    await storage.put('small', bytesSource(large.subarray(0, 1000)), { ifExists: 'fail' }, context);
    // Only the last chunk says how large the file is.
    loser.lose(({ headers }) => /\/\d+$/.test(headers['content-range'] ?? ''));
    await storage.put('large', bytesSource(large), { ifExists: 'fail' }, context);
    assert.equal(loser.lost, 2);
    assert.ok((await readAll(storage.get('small', null, context))).equals(large.subarray(0, 1000)));
    assert.ok((await readAll(storage.get('large', null, context))).equals(large));
    assert.deepEqual(fake.uploads.open(bucket), []);
  });

  it('asks for a token once, and for another when that is refused', async () => {
    const storage = storageAt(newBucket(), 'token', fake.keyFile('token', 'write'));
    const before = fake.accounts.granted;
    await Promise.all(['a', 'b', 'c'].map((name) => storage.stat(name, context)));
    assert.equal(fake.accounts.granted, before + 1);
    fake.accounts.revoke();
    await assert.rejects(storage.stat('a', context), { code: 'storage-denied', message: /authError/ });
    assert.equal(await storage.stat('a', context), null);
    assert.equal(fake.accounts.granted, before + 2);
  });

  it('names the clock when a request for a token is untimely', async () => {
    const storage = storageAt(newBucket(), 'clock', fake.keyFile('late', 'write'));
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      const asked = storage.stat('x', context);
      mock.timers.setTime(Date.now() + 3_600_000);
      await assert.rejects(asked, { code: 'storage-denied', message: /invalid_grant/, hint: /clock/ });
    } finally {
      mock.timers.reset();
    }
  });

  it('reads public buckets without a credential, and says what others lack', async () => {
    const bucket = newBucket(true);
    await storageAt(bucket, 'public').put('x', bytesSource(Buffer.from('open')), replace, context);
    const stranger = storageAt(bucket, 'public', null);
    assert.equal((await readAll(stranger.get('x', null, context))).toString(), 'open');
    const denied = { code: 'storage-denied', message: /required/ };
    await assert.rejects(stranger.put('y', bytesSource(large), replace, context), denied);
    await assert.rejects(storageAt(newBucket(), 'private', null).stat('x', context), denied);
  });
});
