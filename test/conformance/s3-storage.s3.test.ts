import { randomBytes } from 'node:crypto';
import { after, before, describe } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { obsDriver, s3Driver } from '../../src/storages/s3/driver.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage, StorageDriver, StoragePlace } from '../../src/storages/storage.ts';
import { type CephServer, clientOf, type S3Keys, startCeph, unfinishedUploads } from '../harness/ceph.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type SwiftServer, startSwift } from '../harness/swift.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

/** What the suites need of a server. */
interface S3Server {
  readonly port: number;
  readonly endpoint: string;
  readonly owner: S3Keys;
  readonly reader: S3Keys;
  readonly bucket: string;
  readonly full: { readonly keys: S3Keys; readonly bucket: string };
  /** What the server calls a wrong secret, and a missing room. */
  readonly codes: { readonly wrongKey: RegExp; readonly full: RegExp };
}

const bare = (storage: Storage): Storage => storage;
const layered = (storage: Storage): Storage =>
  stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit));

function placeOf(
  url: string,
  type: string,
  { accessKey, secretKey }: S3Keys,
  endpoint: string,
): StoragePlace {
  return {
    ...placeAt(url, { endpoint }),
    credential: { name: 'C', type, id: accessKey, secret: new Secret(secretKey) },
  };
}

/** Unfinished uploads of keys that begin with `prefix`. */
async function leftovers(server: S3Server, prefix: string): Promise<readonly string[]> {
  const client = clientOf(server.endpoint, server.owner);
  try {
    return await unfinishedUploads(client, server.bucket, prefix);
  } finally {
    client.destroy();
  }
}

function s3Harness(
  server: S3Server,
  driver: StorageDriver,
  wrap: (storage: Storage) => Storage,
): StorageHarness {
  const [scheme = ''] = driver.schemes;
  const base = `base ${randomBytes(4).toString('hex')}`;
  const url = `${scheme}://${server.bucket}/${encodeURIComponent(base)}`;
  const open = (at: string, keys = server.owner): Storage =>
    wrap(driver.open(placeOf(at, scheme, keys, server.endpoint)));
  return {
    storage: open(url),
    missing: open(`${url}-missing`),
    unwritable: open(url, server.reader),
    killedPut: (name) =>
      killedUpload({
        module: new URL('../../src/storages/s3/driver.ts', import.meta.url).href,
        driver: `${scheme}Driver`,
        url,
        options: { endpoint: server.endpoint },
        credential: { type: scheme, id: server.owner.accessKey, secret: server.owner.secretKey },
        name,
        bytes: 9 * 1024 ** 2,
      }),
    leftovers: () => leftovers(server, base),
    close: () => Promise.resolve(),
  };
}

function faultHarness(server: S3Server, driver: StorageDriver): FaultHarness {
  const [scheme = ''] = driver.schemes;
  const open = (bucket: string, keys = server.owner, endpoint = server.endpoint): Storage =>
    driver.open(placeOf(`${scheme}://${bucket}/faults`, scheme, keys, endpoint));
  return {
    server: { port: server.port, isHttp: true },
    storageAt: (host, port) => open(server.bucket, server.owner, `http://${host}:${port}`),
    wrongKey: {
      storage: open(server.bucket, { ...server.owner, secretKey: 'wrong' }),
      code: 'storage-denied',
      says: server.codes.wrongKey,
    },
    missingBucket: { storage: open('missing'), code: 'bucket-missing', says: /NoSuchBucket/ },
    readOnly: {
      storage: open(server.bucket, server.reader),
      code: 'storage-denied',
      says: /AccessDenied/,
    },
    full: {
      storage: open(server.full.bucket, server.full.keys),
      code: 'storage-full',
      says: server.codes.full,
    },
    staleClock: { code: 'storage-denied', says: /RequestTimeTooSkewed/ },
    oneWriterWins: true,
    refusal: (status) => {
      const code = { 429: 'TooManyRequests', 500: 'InternalError', 503: 'SlowDown' }[status] ?? '';
      return {
        status,
        contentType: 'application/xml',
        body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Not now.</Message></Error>`,
        says: new RegExp(`${code}|\\b${status}\\b`),
      };
    },
    leftovers: () => leftovers(server, 'faults/'),
    close: () => Promise.resolve(),
  };
}

describe('Ceph', () => {
  let ceph: CephServer;
  before(async () => {
    ceph = await startCeph();
  });
  after(() => ceph[Symbol.asyncDispose]());
  const server = (): S3Server => ({
    ...ceph,
    full: { keys: ceph.limited, bucket: ceph.limitedBucket },
    codes: { wrongKey: /SignatureDoesNotMatch/, full: /QuotaExceeded/ },
  });
  storageConformance('S3 (Ceph)', async () => s3Harness(server(), s3Driver, bare));
  storageConformance('S3 (Ceph) behind its layers', async () => s3Harness(server(), s3Driver, layered));
  storageConformance('OBS (Ceph)', async () => s3Harness(server(), obsDriver, bare));
  storageFaults('S3 (Ceph)', async () => faultHarness(server(), s3Driver));
});

describe('Swift', () => {
  let swift: SwiftServer;
  before(async () => {
    swift = await startSwift();
  });
  after(() => swift[Symbol.asyncDispose]());
  const server = (): S3Server => {
    const { accessKey, secretKey, ...face } = swift.s3;
    const owner = { accessKey, secretKey };
    return {
      ...face,
      port: swift.port,
      owner,
      full: { keys: owner, bucket: face.quotaBucket },
      codes: { wrongKey: /SignatureDoesNotMatch/, full: /EntityTooLarge/ },
    };
  };
  storageConformance('S3 (Swift)', async () => s3Harness(server(), s3Driver, bare));
});
