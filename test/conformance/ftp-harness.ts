import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Secret } from '../../src/base/secret.ts';
import { ftpDriver } from '../../src/storages/ftp/driver.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { killedUpload } from '../harness/killed-upload.ts';
import { placeAt } from '../harness/local-storage.ts';
import { type Proftpd, startProftpd } from '../harness/proftpd.ts';
import { mountSmallDisk, type SmallDisk } from '../harness/small-disk.ts';
import type { StorageHarness } from './storage.ts';
import type { FaultHarness } from './storage-faults.ts';

/* The glue between the suites and ProFTPD. */

const module = path.join(import.meta.dirname, '../../src/storages/ftp/driver.ts');

/** How a server is spoken to. */
export interface FtpManner {
  readonly scheme: 'ftp' | 'ftps';
  readonly options: Readonly<Record<string, string>>;
}

interface Entry {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
}

const urlOf = (server: Proftpd, { scheme }: FtpManner, folder: string, entry: Entry = {}): string =>
  `${scheme}://${entry.user ?? server.user}@${entry.host ?? '127.0.0.1'}:${entry.port ?? server.port}${server.base}/${folder}`;

const storageAt = (server: Proftpd, manner: FtpManner, folder: string, entry: Entry = {}): Storage =>
  ftpDriver.open({
    ...placeAt(urlOf(server, manner, folder, entry), manner.options),
    credential: {
      name: 'C',
      type: 'ftp',
      id: entry.user ?? server.user,
      secret: new Secret(entry.password ?? server.password),
    },
  });

async function partsBelow(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.part'));
}

export async function ftpHarness(server: Proftpd, manner: FtpManner): Promise<StorageHarness> {
  const folder = randomUUID();
  const root = path.join(server.root, folder);
  await mkdir(root);
  await writeFile(path.join(root, 'a-file'), '');
  return {
    storage: storageAt(server, manner, `${folder}/base`),
    missing: storageAt(server, manner, `${folder}/missing`),
    unwritable: storageAt(server, manner, `${folder}/a-file/folder`),
    killedPut: (name) =>
      killedUpload({
        module,
        driver: 'ftpDriver',
        url: urlOf(server, manner, `${folder}/base`),
        options: manner.options,
        credential: { type: 'ftp', id: server.user, secret: server.password },
        name,
        bytes: 3_000_000,
      }),
    leftovers: () => partsBelow(path.join(root, 'base')),
    close: async () => undefined,
  };
}

export async function ftpFaultHarness(
  server: Proftpd,
  manner: FtpManner,
  small: SmallServer | null,
): Promise<FaultHarness> {
  const folder = randomUUID();
  const root = path.join(server.root, folder);
  await mkdir(root);
  return {
    server: { port: server.port, alsoPorts: server.passivePorts, isHttp: false },
    storageAt: (host, port) => storageAt(server, manner, folder, { host, port }),
    wrongKey: {
      storage: storageAt(server, manner, folder, { password: 'wrong' }),
      code: 'storage-denied',
      says: /530 Login incorrect/,
    },
    missingBucket: 'FTP has folders, which are made as they are needed.',
    readOnly: {
      storage: storageAt(server, manner, folder, { user: server.reader }),
      code: 'storage-denied',
      says: /550 .*Operation not permitted/,
    },
    full:
      small === null
        ? 'This process may not mount a small disk.'
        : {
            storage: storageAt(small.server, { scheme: 'ftp', options: {} }, ''),
            code: 'storage-full',
            // Where the last write before the end takes a part, ProFTPD calls it an input/output error.
            says: /No space left|Input\/output error/,
          },
    staleClock: null,
    oneWriterWins: 'FTP has no step that fails when the name is taken.',
    leftovers: async () => [
      ...(await partsBelow(root)),
      ...(small === null ? [] : await partsBelow(small.disk.path)),
    ],
    close: async () => undefined,
  };
}

/** A server whose files lie on a small disk. */
export interface SmallServer extends AsyncDisposable {
  readonly disk: SmallDisk;
  readonly server: Proftpd;
}

/** Null where this process may not mount. */
export async function startSmallServer(): Promise<SmallServer | null> {
  const disk = await mountSmallDisk(1);
  if (disk === null) return null;
  // ProFTPD gives up root's power over permission bits.
  await chmod(disk.path, 0o777);
  const server = await startProftpd({ root: disk.path });
  return {
    disk,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await disk[Symbol.asyncDispose]();
    },
  };
}
