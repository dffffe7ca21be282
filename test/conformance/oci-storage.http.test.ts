import { generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../src/base/secret.ts';
import { httpDriver } from '../../src/storages/http/driver.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type OciFake, startOciFake } from '../harness/oci-fake.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const module = path.resolve(import.meta.dirname, '../../src/storages/http/driver.ts');
const id = `ocid1.tenancy.oc1..tests/ocid1.user.oc1..tests/${'0f:'.repeat(15)}0f`;
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const otherKey = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;

let fake: OciFake;
before(async () => {
  fake = await startOciFake(id, publicKey);
});
after(() => fake[Symbol.asyncDispose]());

interface Entry {
  readonly kind: 'oci';
  readonly id: string;
  readonly secret: string;
}

const storageAt = (location: string, { kind, id: user, secret }: Entry): Storage =>
  httpDriver.open({
    ...placeAt(location, { kind }),
    credential: { name: 'OCI', type: 'http', id: user, secret: new Secret(secret) },
  });
const origin = (at = `127.0.0.1:${fake.port}`): string => `http://${at}`;
const signed: Entry = { kind: 'oci', id, secret: privateKey };
/** Killed clients are noticed a moment later, and the part that was under way with them. */
async function leftovers(base: string): Promise<readonly string[]> {
  await sleep(50);
  return fake.unfinished().filter((name) => name.startsWith(base));
}

const bucketAt = (base: string, at?: string): string => `${origin(at)}${fake.path}${base}`;

storageConformance(
  'oci, signed, against a fake of ours',
  async (): Promise<StorageHarness> => ({
    storage: storageAt(bucketAt('signed/ü'), signed),
    missing: storageAt(bucketAt('missing'), signed),
    unwritable: storageAt(bucketAt('signed'), { ...signed, secret: otherKey }),
    killedPut: (name) =>
      killedUpload({
        module,
        driver: 'httpDriver',
        url: bucketAt('signed/ü'),
        options: { kind: 'oci' },
        credential: { type: 'http', id, secret: privateKey },
        name,
        bytes: 50 * 1024 ** 2,
      }),
    leftovers: () => leftovers('signed'),
    close: async () => undefined,
  }),
);

storageFaults(
  'oci, signed, against a fake of ours',
  async (): Promise<FaultHarness> => ({
    server: { port: fake.port, isHttp: true },
    storageAt: (host, port) => storageAt(bucketAt('faults', `${host}:${port}`), signed),
    wrongKey: {
      storage: storageAt(bucketAt('faults'), { ...signed, secret: otherKey }),
      code: 'storage-denied',
      says: /401 NotAuthenticated/,
    },
    missingBucket: {
      storage: storageAt(`${origin()}/n/tests/b/missing/o/x`, signed),
      code: 'bucket-missing',
      says: /BucketNotFound/,
    },
    readOnly: 'The fake knows one key, which may do everything.',
    full: 'The fake has no quota.',
    staleClock: { code: 'storage-denied', says: /NotAuthenticated/ },
    oneWriterWins: true,
    refusal: (status) => ({
      status,
      contentType: 'application/json',
      body: JSON.stringify({
        code: status === 429 ? 'TooManyRequests' : 'InternalError',
        message: 'Not now.',
      }),
      // An answer to HEAD has no document, and so no code.
      says: new RegExp(`\\b${status}\\b`),
    }),
    leftovers: () => leftovers('faults'),
    close: async () => undefined,
  }),
);
