import { randomBytes } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { after, before } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage, StorageDriver } from '../../src/storages/storage.ts';
import { swiftDriver } from '../../src/storages/swift/driver.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import {
  orphanUploads,
  type SwiftServer,
  type SwiftUser,
  smallSegments,
  startSwift,
} from '../harness/swift.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

let server: SwiftServer;
before(async () => {
  server = await startSwift();
});
after(() => server[Symbol.asyncDispose]());

const placeOf = (url: string, { user, key }: SwiftUser) => ({
  ...placeAt(url, { 'auth-url': server.authUrl }),
  credential: { name: 'C', type: 'swift', id: user, secret: new Secret(key) },
});

function swiftHarness(driver: StorageDriver, wrap: (storage: Storage) => Storage): StorageHarness {
  const base = `base ${randomBytes(4).toString('hex')}`;
  const url = `swift://${server.container}/${encodeURIComponent(base)}`;
  const open = (at: string, user = server.owner): Storage => wrap(driver.open(placeOf(at, user)));
  return {
    storage: open(url),
    missing: open(`${url}-missing`),
    unwritable: open(url, server.reader),
    killedPut: (name) =>
      killedUpload({
        module: new URL('../harness/swift.ts', import.meta.url).href,
        driver: 'smallSegments',
        url,
        options: { 'auth-url': server.authUrl },
        credential: { type: 'swift', id: server.owner.user, secret: server.owner.key },
        name,
        bytes: 6 * 1024 ** 2,
      }),
    leftovers: () => orphanUploads(server, `${base}/`),
    close: () => Promise.resolve(),
  };
}

const bare = (storage: Storage): Storage => storage;
const layered = (storage: Storage): Storage =>
  stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit));

storageConformance('Swift behind its layers', async () => swiftHarness(swiftDriver, layered));
storageConformance('Swift in small segments', async () => swiftHarness(smallSegments, bare));

storageFaults('Swift', faultHarness);

async function faultHarness(): Promise<FaultHarness> {
  const base = 'faults';
  const open = (path: string, options = {}, user = server.owner): Storage => {
    const place = placeOf(`swift://${path}`, user);
    return swiftDriver.open({ ...place, options: { ...place.options, ...options } });
  };
  const at = `${server.container}/${base}`;
  return {
    server: { port: server.port, isHttp: true },
    storageAt: (host, port) => open(at, { 'auth-url': `http://${host}:${port}/auth/v1.0` }),
    wrongKey: {
      storage: open(at, {}, { ...server.owner, key: 'wrong' }),
      code: 'storage-denied',
      says: /401 Unauthorized/,
    },
    missingBucket: { storage: open('missing/x'), code: 'bucket-missing', says: /404 Not Found/ },
    readOnly: { storage: open(at, {}, server.reader), code: 'storage-denied', says: /403 Forbidden/ },
    full: {
      storage: open(server.quotaContainer),
      code: 'storage-full',
      says: /413 Upload exceeds quota/,
    },
    staleClock: null,
    oneWriterWins: true,
    refusal: (status) => ({
      status,
      contentType: 'text/html; charset=UTF-8',
      body: `<html><h1>${STATUS_CODES[status]}</h1><p>Not now.</p></html>`,
      says: new RegExp(`${status} ${STATUS_CODES[status]}`),
    }),
    leftovers: () => orphanUploads(server, `${base}/`),
    close: () => Promise.resolve(),
  };
}
