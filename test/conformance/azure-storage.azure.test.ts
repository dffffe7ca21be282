import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { Secret } from '../../src/base/secret.ts';
import { azureDriver } from '../../src/storages/azure/driver.ts';
import { listBlobs } from '../../src/storages/azure/list.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { startAnswerLoser } from '../harness/answer-loser.ts';
import { type Azurite, startAzurite } from '../harness/azurite.ts';
import { bytesSource, listAll, readAll, stuckSource } from '../harness/byte-sources.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const module = path.resolve(import.meta.dirname, '../../src/storages/azure/driver.ts');

let server: Azurite;
let containers = 0;
before(async () => {
  server = await startAzurite();
});
after(() => server.stop());

async function newContainer(): Promise<string> {
  containers += 1;
  await server.makeContainer(`container-${containers}`);
  return `container-${containers}`;
}

/** The bare driver's storage, as the account itself or with another secret. */
function storageAt(
  container: string,
  base: string,
  secret = server.key,
  endpoint = server.endpoint,
): Storage {
  return azureDriver.open({
    ...placeAt(`az://${container}/${base}`, { endpoint }),
    credential: { name: 'AZURE', type: 'azure', id: server.account, secret: new Secret(secret) },
  });
}

const clientOf = (container: string): ContainerClient =>
  new BlobServiceClient(
    server.endpoint,
    new StorageSharedKeyCredential(server.account, server.key),
  ).getContainerClient(container);

async function blocksOf(container: string, name: string): Promise<number> {
  const list = await clientOf(container).getBlockBlobClient(name).getBlockList('uncommitted');
  return list.uncommittedBlocks?.length ?? 0;
}

/** Azurite has taken what a process that was killed had sent. */
async function settled(container: string, name: string): Promise<void> {
  for (let last = -1, now = 0; last !== now; await sleep(200)) {
    last = now;
    now = await blocksOf(container, name);
  }
}

/** Names of blobs with uncommitted blocks, and of blobs that are but marks of a sweep. */
async function leftovers(container: string): Promise<readonly string[]> {
  const client = clientOf(container);
  const names: string[] = [];
  for await (const item of client.listBlobsFlat({ includeUncommitedBlobs: true, includeMetadata: true })) {
    const { uncommittedBlocks = [] } = await client.getBlockBlobClient(item.name).getBlockList('uncommitted');
    if (uncommittedBlocks.length > 0 || Object.keys(item.metadata ?? {}).length > 0) names.push(item.name);
  }
  return names;
}

async function azureHarness(dress: (storage: Storage) => Storage): Promise<StorageHarness> {
  const container = await newContainer();
  return {
    storage: dress(storageAt(container, 'base')),
    missing: dress(storageAt(container, 'missing')),
    unwritable: dress(storageAt(container, 'base', server.sasToken('rl'))),
    async killedPut(name) {
      await killedUpload({
        module,
        driver: 'azureDriver',
        url: `az://${container}/base`,
        options: { endpoint: server.endpoint },
        credential: { type: 'azure', id: server.account, secret: server.key },
        name,
        bytes: 40 * 1024 ** 2,
      });
      await settled(container, `base/${name}`);
    },
    leftovers: () => leftovers(container),
    close: async () => undefined,
  };
}

storageConformance('azure', () => azureHarness((storage) => storage));

storageConformance('azure behind its layers', () =>
  azureHarness((storage) =>
    stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit)),
  ),
);

storageFaults('azure', async (): Promise<FaultHarness> => {
  const container = await newContainer();
  const wrongKey = storageAt(container, 'base', Buffer.alloc(64).toString('base64'));
  return {
    server: { port: server.port, isHttp: true },
    storageAt: (host, port) =>
      storageAt(container, 'base', server.key, `http://${host}:${port}/${server.account}`),
    wrongKey: { storage: wrongKey, code: 'storage-denied', says: /AuthorizationFailure/ },
    missingBucket: {
      storage: storageAt('missing', 'base'),
      code: 'bucket-missing',
      says: /ContainerNotFound/,
    },
    readOnly: {
      storage: storageAt(container, 'base', server.sasToken('rl')),
      code: 'storage-denied',
      says: /AuthorizationPermissionMismatch/,
    },
    full: 'Azure has no quotas on containers, and Azurite none at all.',
    // Azurite does not look at the time of a request; classify.test.ts has what Azure says.
    staleClock: null,
    oneWriterWins: true,
    refusal: azureRefusal,
    leftovers: () => leftovers(container),
    close: async () => undefined,
  };
});

/** As Azure words it. */
function azureRefusal(status: number): ReturnType<NonNullable<FaultHarness['refusal']>> {
  const code = status === 500 ? 'InternalError' : 'ServerBusy';
  return {
    status,
    contentType: 'application/xml',
    headers: { 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>Not now.</Message></Error>`,
    says: new RegExp(code),
  };
}

describe('azure', { timeout: 60_000 }, () => {
  const context = recordingContext();
  const replace = { ifExists: 'replace' } as const;
  const large = Buffer.alloc(
    20_000_003,
    Uint8Array.from({ length: 251 }, (_, index) => index),
  );

  it('sends large files in blocks, and small ones with their digest', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'sizes');
    for (const bytes of [large.length, 16 * 1024 ** 2, 8 * 1024 ** 2, 100]) {
      const content = large.subarray(0, bytes);
      assert.equal((await storage.put('x', bytesSource(content), replace, context)).bytes, bytes);
      assert.ok((await readAll(storage.get('x', null, context))).equals(content));
    }
    assert.deepEqual(await leftovers(container), []);
  });

  it('removes the blocks of an upload whose source failed', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'failed');
    const error = new Error('The table has gone.');
    const source = {
      async *open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(large.subarray(0, 16 * 1024 ** 2));
        // Nothing is under way any more.
        while ((await blocksOf(container, 'failed/x').catch(() => 0)) < 2) await sleep(20);
        throw error;
      },
    };
    await assert.rejects(storage.put('x', source, replace, context));
    assert.deepEqual(await leftovers(container), []);
    assert.deepEqual(await listAll(storage.list('', context)), []);
  });

  it('leaves nothing of an aborted upload that a sweep does not find', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'aborted');
    const stopping = recordingContext();
    const source = stuckSource(large);
    const running = storage.put('x', source, replace, stopping);
    await source.reached;
    stopping.abort();
    await assert.rejects(running, { code: 'aborted' });
    assert.equal(await storage.stat('x', context), null);
    // A block that had arrived whole when its request was cancelled may be taken after the removal.
    for (let tries = 0; tries < 50 && (await leftovers(container)).length > 0; tries += 1) {
      await sleep(100);
      await storage.sweep('', context);
    }
    assert.deepEqual(await leftovers(container), []);
    assert.deepEqual(await listAll(storage.list('', context)), []);
  });

  it('sweeps no blocks of uploads in progress', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'progress');
    let blocks = 0;
    const source = {
      async *open(): AsyncGenerator<Uint8Array> {
        yield* bytesSource(large).open(context.signal);
        while (blocks === 0) {
          await sleep(20);
          blocks = await blocksOf(container, 'progress/x').catch(() => 0);
        }
        await storage.sweep('', context);
        assert.ok((await blocksOf(container, 'progress/x')) >= blocks);
        yield Buffer.from('the end');
      },
    };
    const { bytes } = await storage.put('x', source, replace, context);
    assert.deepEqual(await storage.stat('x', context), { name: 'x', bytes });
    assert.equal(bytes, large.length + 7);
  });

  it('refuses to overwrite when the other file came during the upload', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'late');
    const source = {
      async *open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(large);
        await storage.put('x', bytesSource(Buffer.from('first')), replace, context);
        yield Buffer.from(large);
      },
    };
    await assert.rejects(storage.put('x', source, { ifExists: 'fail' }, context), { code: 'file-exists' });
    assert.equal((await readAll(storage.get('x', null, context))).toString(), 'first');
  });

  it('of two large uploads of one name the later one wins, and the other is told to send again', async () => {
    const storage = storageAt(await newContainer(), 'two');
    const other = Buffer.alloc(large.length, 'o');
    const source = {
      async *open(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(large);
        await storage.put('x', bytesSource(other), replace, context);
      },
    };
    const lost = { code: 'storage-failed', temporary: true, message: /InvalidBlockList/ };
    await assert.rejects(storage.put('x', source, replace, context), lost);
    assert.ok((await readAll(storage.get('x', null, context))).equals(other));
  });

  it('finds out that a file was made although the answer is lost', async () => {
    await using loser = await startAnswerLoser(server.port);
    const endpoint = `http://127.0.0.1:${loser.port}/${server.account}`;
    const container = await newContainer();
    const storage = storageAt(container, 'lost', server.key, endpoint);
    for (const [name, content, request] of [
      ['small', large.subarray(0, 1000), /small$/],
      ['large', large, /comp=blocklist/],
    ] as const) {
      loser.lose(({ method, url = '' }) => method === 'PUT' && request.test(url));
      await storage.put(name, bytesSource(content), { ifExists: 'fail' }, context);
      assert.ok((await readAll(storage.get(name, null, context))).equals(content));
    }
    assert.equal(loser.lost, 2);
    assert.deepEqual(await leftovers(container), []);
  });

  it('sweeps marks of sweeps that were cut short, which show nowhere, and no blocks of other programs', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'base');
    const mark = clientOf(container).getBlockBlobClient('base/mark');
    await mark.commitBlockList([], { metadata: { pumphouse_unfinished: '1' } });
    const foreign = clientOf(container).getBlockBlobClient('base/foreign');
    await foreign.stageBlock(Buffer.from('somebody else').toString('base64'), 'x', 1);
    await storage.put('empty', bytesSource(Buffer.alloc(0)), replace, context);

    assert.deepEqual(await listAll(storage.list('', context)), [{ name: 'empty', bytes: 0 }]);
    assert.equal(await storage.stat('mark', context), null);
    await assert.rejects(readAll(storage.get('mark', null, context)), { code: 'file-missing' });
    await storage.sweep('', context);
    assert.deepEqual(await leftovers(container), ['base/foreign']);
    assert.deepEqual(await storage.stat('empty', context), { name: 'empty', bytes: 0 });
  });

  it('takes a name where the mark of a sweep stands, and no other', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'base');
    const put = (name: string, bytes: Uint8Array): Promise<unknown> =>
      storage.put(name, bytesSource(bytes), { ifExists: 'fail' }, context);
    for (const [name, bytes] of [
      ['small', large.subarray(0, 1000)],
      ['large', large],
    ] as const) {
      const mark = clientOf(container).getBlockBlobClient(`base/${name}`);
      await mark.commitBlockList([], { metadata: { pumphouse_unfinished: '1' } });
      await put(name, bytes);
      assert.ok((await readAll(storage.get(name, null, context))).equals(bytes));
      await assert.rejects(put(name, bytes), { code: 'file-exists' });
    }
    await put('empty', Buffer.alloc(0));
    await assert.rejects(put('empty', Buffer.alloc(0)), { code: 'file-exists' });
    assert.deepEqual(await leftovers(container), []);
  });

  it('lists page after page', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'pages');
    const names = ['pages/a', 'pages/b', 'pages/c/d', 'pages/\u{fffd}', 'pages/\u{1f418}'];
    for (const name of names)
      await storage.put(name.slice(6), bytesSource(large.subarray(0, 5)), replace, context);
    const listed = await listAll(listBlobs(clientOf(container), 'pages/', context.signal, 2));
    assert.deepEqual(
      listed,
      names.map((name) => ({ name, bytes: 5 })),
    );
  });

  it('enters with a SAS token, which no error shows', async () => {
    const container = await newContainer();
    const storage = storageAt(container, 'sas', server.sasToken('rwdlc'));
    await storage.probe(context);
    const token = server.sasToken('rl');
    const denied = storageAt(container, 'sas', token).put('x', bytesSource(large), replace, context);
    const error = await denied.then(
      () => assert.fail('It succeeded.'),
      (thrown: unknown) => thrown,
    );
    const signature = new URLSearchParams(token).get('sig') ?? '';
    const shown = inspect(error, { depth: 10, showHidden: true });
    assert.ok(!shown.includes(signature) && !shown.includes(encodeURIComponent(signature)), shown);
  });
});
