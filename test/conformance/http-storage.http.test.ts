import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../src/base/secret.ts';
import { httpDriver } from '../../src/storages/http/driver.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type Nginx, startNginx } from '../harness/nginx.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const module = path.resolve(import.meta.dirname, '../../src/storages/http/driver.ts');

let server: Nginx;
let bases = 0;
before(async () => {
  server = await startNginx();
});
after(() => server[Symbol.asyncDispose]());

const newBase = (): string => {
  bases += 1;
  return `base ${bases}/ü`;
};

interface Entry {
  readonly id: string | null;
  readonly secret: string;
  readonly kind: string;
}

function storageAt(
  where: string,
  base: string,
  { credential = null, at = `127.0.0.1:${server.port}` }: { credential?: Entry | null; at?: string } = {},
): Storage {
  return httpDriver.open({
    ...placeAt(
      `http://${at}/${where}${encodeURI(base)}`,
      credential === null ? {} : { kind: credential.kind },
    ),
    credential:
      credential === null
        ? null
        : { name: 'WEB', type: 'http', id: credential.id, secret: new Secret(credential.secret) },
  });
}

/** The temporary files of uploads, which nginx removes when it finds out that a client has gone. */
async function leftovers(): Promise<readonly string[]> {
  let names = await readdir(server.uploads);
  for (let tries = 0; names.length > 0 && tries < 40; tries += 1) {
    await sleep(50);
    names = await readdir(server.uploads);
  }
  return names;
}

async function httpHarness(
  where: string,
  credential: (server: Nginx) => Entry | null,
  dress: (storage: Storage) => Storage,
): Promise<StorageHarness> {
  const base = newBase();
  const entered = credential(server);
  const url = `http://127.0.0.1:${server.port}/${where}${encodeURI(base)}`;
  return {
    storage: dress(storageAt(where, base, { credential: entered })),
    missing: dress(storageAt(where, `${base} missing`, { credential: entered })),
    unwritable: dress(storageAt('reading/', base)),
    killedPut: (name) =>
      killedUpload({
        module,
        driver: 'httpDriver',
        url,
        options: entered === null ? {} : { kind: entered.kind },
        credential: entered === null ? null : { type: 'http', id: entered.id, secret: entered.secret },
        name,
        bytes: 20 * 1024 ** 2,
      }),
    cleansItself: true,
    leftovers,
    close: async () => undefined,
  };
}

const password = ({ user }: Nginx): Entry => ({ id: user.name, secret: user.password, kind: 'password' });
const token = ({ bearerToken }: Nginx): Entry => ({ id: null, secret: bearerToken, kind: 'bearer' });
const preAuthenticated = ({ port, urlToken }: Nginx): Entry => ({
  id: null,
  secret: `http://127.0.0.1:${port}/p/${urlToken}/?at=2026`,
  kind: 'url',
});
const bare = (storage: Storage): Storage => storage;

storageConformance('http', () => httpHarness('files/', () => null, bare));
storageConformance('http with a password', () => httpHarness('private/', password, bare));
storageConformance('http with a bearer token', () => httpHarness('token/', token, bare));
storageConformance('http by a pre-authenticated URL', () => httpHarness('', preAuthenticated, bare));
storageConformance('http behind its layers', () =>
  httpHarness(
    'files/',
    () => null,
    (storage) => stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit)),
  ),
);

storageFaults('http', async (): Promise<FaultHarness> => {
  const base = newBase();
  const wrong = { id: server.user.name, secret: 'wrong', kind: 'password' };
  return {
    server: { port: server.port, isHttp: true },
    storageAt: (host, port) => storageAt('files/', base, { at: `${host}:${port}` }),
    wrongKey: {
      storage: storageAt('private/', base, { credential: wrong }),
      code: 'storage-denied',
      says: /401 Unauthorized/,
    },
    missingBucket: 'A server that takes files makes their folders, or says that it does not take them.',
    readOnly: {
      storage: storageAt('reading/', base),
      code: 'storage-unwritable',
      says: /405 Method Not Allowed/,
    },
    full: {
      storage: storageAt('small/', base),
      code: 'storage-unwritable',
      says: /413 Payload Too Large/,
    },
    staleClock: null,
    oneWriterWins: true,
    leftovers,
    close: async () => undefined,
  };
});
