import { AppError } from '../../core/errors.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import { type ConnectionPool, createConnectionPool } from '../blocks/connection-pool.ts';
import { checkLine } from '../blocks/credential-text.ts';
import { type FolderLocation, folderLocation, folderOf } from '../blocks/folder-location.ts';
import { type FolderProtocol, servedFolder } from '../blocks/served-folder.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { classify } from './classify.ts';
import { connectFtp, type FtpConnection, type FtpServer, type TlsMode } from './connect.ts';
import { removeEmptyFolders, removeFile, sizeOf } from './files.ts';
import { getFile } from './get.ts';
import { readFolder } from './list.ts';
import { putFile } from './put.ts';
import { certificatePin } from './tls.ts';

const example = 'ftps://user@host/srv/dumps';

/**
 * A folder of an FTP server: `ftp://user@host/absolute/path`, or `/~/path` below the folder that the user comes to. With `ftps` (and
 * `ftp` with the option tls) control and data connections are encrypted.
 */
export const ftpDriver: StorageDriver = {
  schemes: ['ftp', 'ftps'],
  example,
  options: [
    {
      name: 'tls',
      help: 'explicit (AUTH TLS; what ftps: does by itself), implicit (port 990) or none (what ftp: does by itself)',
      values: ['explicit', 'implicit', 'none'],
    },
    {
      name: 'tls-fingerprint',
      help: 'SHA-256 fingerprint of the certificate that the server must show, for one that nobody known has signed',
    },
  ],
  credentialTypes: [
    { id: 'ftp', idName: 'user name', secretName: 'password', needs: 'id-and-secret', options: [] },
  ],
  concurrency: 8,
  open: ftpStorage,
};

function ftpStorage(place: StoragePlace): Storage {
  const location = folderLocation(place.url, example);
  // For its complaints.
  serverOf(place, location);
  return servedFolder(location, () => pools.lease(place), protocol);
}

const pools = createClientCache<ConnectionPool<FtpConnection>>(
  (place) => {
    const server = serverOf(place, folderLocation(place.url, example));
    return createConnectionPool((signal) => connectFtp(server, signal));
  },
  (pool) => pool.close(),
);

const protocol: FolderProtocol<FtpConnection> = {
  put: putFile,
  get: getFile,
  sizeOf,
  readFolder,
  async remove(connection, base, path) {
    await removeFile(connection, path);
    await removeEmptyFolders(connection, base, folderOf(path));
  },
  // FTP has no question for it.
  freeBytes: async () => null,
  classify,
};

function serverOf({ url, credential, options, network }: StoragePlace, location: FolderLocation): FtpServer {
  const { host, port, user, description } = location;
  if (user !== null && credential === null) {
    throw new AppError('location-invalid', {
      message: `${description} names a user and needs a credential with the password.`,
      hint: 'Name one (pumphouse credential add NAME --type ftp), or leave the user out to come in as anonymous.',
    });
  }
  if (credential !== null) checkLine(credential, 'secret');
  const tls = tlsMode(url, options.tls);
  return {
    host,
    port: port ?? (tls === 'implicit' ? 990 : 21),
    tls,
    pin: certificatePin(options['tls-fingerprint']),
    user: user ?? credential?.id ?? 'anonymous',
    password: credential?.secret ?? null,
    network,
    subject: `${url.protocol}//${url.host}`,
  };
}

function tlsMode({ protocol }: URL, option: string | undefined): TlsMode {
  if (option === undefined) return protocol === 'ftps:' ? 'explicit' : 'none';
  const modes = protocol === 'ftps:' ? ['explicit', 'implicit'] : ['none', 'explicit', 'implicit'];
  if (modes.includes(option)) return option as TlsMode;
  throw new AppError('location-invalid', {
    message: `The option tls is none of those that ${protocol} takes: ${modes.join(', ')}.`,
    hint: 'Write tls=explicit for AUTH TLS on the ordinary port, tls=implicit for TLS from the first byte on.',
  });
}
