import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before } from 'node:test';
import { Secret } from '../../src/base/secret.ts';
import { sftpDriver } from '../../src/storages/sftp/driver.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts';
import { makeSshKey } from '../harness/ssh-key.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { type StorageHarness, storageConformance } from './storage.ts';
import { type FaultHarness, storageFaults } from './storage-faults.ts';

const module = path.join(import.meta.dirname, '../../src/storages/sftp/driver.ts');

interface Entry {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly key?: string;
}

const urlOf = (server: Sshd, folder: string, { host, port, user }: Entry = {}): string =>
  `sftp://${user ?? server.user}@${host ?? '127.0.0.1'}:${port ?? server.port}${folder}`;

/** The storage of a folder, as the server's user comes in with the key. */
const storageAt = (server: Sshd, folder: string, entry: Entry = {}): Storage =>
  sftpDriver.open({
    ...placeAt(urlOf(server, folder, entry), { 'host-key': server.fingerprint }),
    credential: { name: 'C', type: 'sftp', id: null, secret: new Secret(entry.key ?? server.privateKey) },
  });

async function partsBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.part'));
}

async function sftpHarness(server: Sshd): Promise<StorageHarness> {
  const root = path.join(server.root, randomUUID());
  await mkdir(root);
  await writeFile(path.join(root, 'a-file'), '');
  return {
    storage: storageAt(server, `${root}/base`),
    missing: storageAt(server, `${root}/missing`),
    unwritable: storageAt(server, `${root}/a-file/folder`),
    killedPut: (name) =>
      killedUpload({
        module,
        driver: 'sftpDriver',
        url: urlOf(server, `${root}/base`),
        options: { 'host-key': server.fingerprint },
        credential: { type: 'sftp', id: null, secret: server.privateKey },
        name,
        bytes: 3_000_000,
      }),
    leftovers: () => partsBelow(path.join(root, 'base')),
    close: async () => undefined,
  };
}

async function faultHarness(server: Sshd, disk: SmallDisk | null): Promise<FaultHarness> {
  const root = path.join(server.root, randomUUID());
  await mkdir(root);
  const { reader } = server;
  const stranger = makeSshKey().private;
  return {
    server: { port: server.port, isHttp: false },
    storageAt: (host, port) => storageAt(server, root, { host, port }),
    wrongKey: {
      storage: storageAt(server, root, { key: stranger }),
      code: 'storage-denied',
      says: /authentication methods failed/,
    },
    missingBucket: 'SFTP has folders, which are made as they are needed.',
    readOnly:
      reader === null
        ? 'This process cannot give the server accounts of its own.'
        : {
            storage: storageAt(server, root, { user: reader }),
            code: 'storage-denied',
            says: /SFTP status 3: Permission denied/,
          },
    full:
      disk === null
        ? 'This process may not mount a small disk.'
        : { storage: storageAt(server, disk.path), code: 'storage-full', says: /SFTP status 4: Failure/ },
    staleClock: null,
    oneWriterWins: true,
    leftovers: async () => [
      ...(await partsBelow(root)),
      ...(disk === null ? [] : await partsBelow(disk.path)),
    ],
    close: async () => undefined,
  };
}

let disk: SmallDisk | null;
let server: Sshd;
let bareServer: Sshd;
before(async () => {
  // The server sees what is mounted when it starts.
  disk = await mountSmallDisk(1);
  server = await startSshd();
  bareServer = await startSshd({ without: ['posix-rename', 'hardlink', 'fsync', 'statvfs', 'limits'] });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await bareServer[Symbol.asyncDispose]();
  await disk?.[Symbol.asyncDispose]();
});

storageConformance('SFTP', () => sftpHarness(server));
storageConformance('SFTP without extensions', () => sftpHarness(bareServer));
storageFaults('SFTP', () => faultHarness(server, disk));
