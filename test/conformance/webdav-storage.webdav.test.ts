import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { webdavDriver } from '../../src/storages/webdav/driver.ts';
import { type Apache, startApache } from '../harness/apache.ts';
import { startHttpGateway } from '../harness/http-gateway.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type RcloneWebdav, startRcloneWebdav } from '../harness/rclone-webdav.ts';
import { giveToServer } from '../harness/server-user.ts';
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const uploader = path.resolve(import.meta.dirname, '../harness/webdav-upload.ts');

let server: Apache;
let sloppy: RcloneWebdav;
let bases = 0;
before(async () => {
  [server, sloppy] = await Promise.all([startApache(), startRcloneWebdav()]);
});
after(() => Promise.all([server[Symbol.asyncDispose](), sloppy[Symbol.asyncDispose]()]));

const newBase = (): string => {
  bases += 1;
  return `base ${bases}/ü`;
};

function storageAt(
  base: string,
  user = server.user,
  password = user.password,
  at = `127.0.0.1:${server.port}`,
): Storage {
  return webdavDriver.open({
    ...placeAt(`webdav://${at}/dav/${encodeURI(base)}`),
    credential: { name: 'DAV', type: 'http', id: user.name, secret: new Secret(password) },
  });
}

async function leftovers(base: string, { root } = server as RcloneWebdav): Promise<readonly string[]> {
  const names = await readdir(path.join(root, base), { recursive: true }).catch(() => []);
  return names.filter((name) => /\.part$|\.davfs\.tmp/.test(name));
}

/** Kills the process after the upload of the part, when it asks for the move: what is cut off before, the server removes by itself. */
async function killedPut(base: string, name: string, behind: RcloneWebdav = server): Promise<void> {
  const moving = Promise.withResolvers<void>();
  await using gateway = await startHttpGateway(behind.port, ({ method }) => {
    if (method !== 'MOVE') return 'pass';
    moving.resolve();
    return 'hold';
  });
  const { name: user, password } = behind.user;
  const child = spawn(
    process.execPath,
    [uploader, `webdav://127.0.0.1:${gateway.port}/dav/${encodeURI(base)}`, user, password, name],
    { stdio: 'inherit' },
  );
  const ended = once(child, 'exit');
  await Promise.race([
    moving.promise,
    ended.then(() => Promise.reject(new Error('It ended before the move.'))),
  ]);
  child.kill('SIGKILL');
  await ended;
}

async function davHarness(dress: (storage: Storage) => Storage): Promise<StorageHarness> {
  const base = newBase();
  return {
    storage: dress(storageAt(base)),
    missing: dress(storageAt(`${base} missing`)),
    unwritable: dress(storageAt(base, server.reader)),
    killedPut: (name) => killedPut(base, name),
    leftovers: () => leftovers(base),
    close: async () => undefined,
  };
}

storageConformance('webdav', () => davHarness((storage) => storage));

storageConformance('webdav behind its layers', () =>
  davHarness((storage) => stackStorage(storage, defaultLayerOptions, createLimit(defaultLayerOptions.limit))),
);

storageConformance('webdav of a sloppy server', async () => {
  const base = newBase();
  const at = `127.0.0.1:${sloppy.port}`;
  const { user } = sloppy;
  return {
    storage: storageAt(base, user, user.password, at),
    missing: storageAt(`${base} missing`, user, user.password, at),
    unwritable: storageAt(base, user, 'wrong', at),
    killedPut: (name) => killedPut(base, name, sloppy),
    leftovers: () => leftovers(base, sloppy),
    close: async () => undefined,
  };
});

storageFaults('webdav', async (): Promise<FaultHarness> => {
  const base = newBase();
  const disk = await mountSmallDisk(1);
  const small = disk === null ? null : await serverOn(disk);
  return {
    server: { port: server.port, isHttp: true },
    storageAt: (host, port) => storageAt(base, server.user, server.user.password, `${host}:${port}`),
    wrongKey: {
      storage: storageAt(base, server.user, 'wrong'),
      code: 'storage-denied',
      says: /401 Unauthorized/,
    },
    missingBucket: 'A missing folder is made.',
    readOnly: {
      storage: storageAt(base, server.reader),
      code: 'storage-denied',
      says: /403 Forbidden/,
    },
    full:
      small === null
        ? 'This process may not mount a small disk.'
        : {
            storage: storageAt('', small.user, small.user.password, `127.0.0.1:${small.port}`),
            code: 'storage-full',
            says: /507 Insufficient Storage/,
          },
    staleClock: null,
    oneWriterWins: true,
    leftovers: () => leftovers(base),
    async close() {
      await small?.[Symbol.asyncDispose]();
      await disk?.[Symbol.asyncDispose]();
    },
  };
});

async function serverOn(disk: SmallDisk): Promise<Apache> {
  const root = path.join(disk.path, 'data');
  await mkdir(root);
  giveToServer(root);
  await writeFile(path.join(root, '.keep'), '');
  return await startApache(root);
}
