import { AppError } from '../../core/errors.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import { type ConnectionPool, createConnectionPool } from '../blocks/connection-pool.ts';
import { type FolderLocation, folderLocation, folderOf } from '../blocks/folder-location.ts';
import { type FolderProtocol, servedFolder } from '../blocks/served-folder.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { classify } from './classify.ts';
import { connectSftp, type SftpServer } from './connect.ts';
import { freeBytesAt, readFolder, removeEmptyFolders, removeFile, statPath } from './folders.ts';
import { getFile } from './get.ts';
import { pinnedKeys } from './host-key.ts';
import { putFile } from './put.ts';
import type { SftpSession } from './session.ts';

const example = 'sftp://user@host/srv/dumps';

/** A folder of an SSH server: `sftp://user@host:22/absolute/path`, or `/~/path` below the user's home folder. */
export const sftpDriver: StorageDriver = {
  schemes: ['sftp'],
  example,
  options: [
    {
      name: 'host-key',
      help: 'fingerprint of the host key that the server must show (SHA256:..., as ssh-keygen -l prints it), several with commas between them',
    },
    { name: 'user', help: 'user name at the server, where neither the URL nor the credential has it' },
  ],
  credentialTypes: [
    {
      id: 'sftp',
      idName: 'user name',
      secretName: 'password, or private key without passphrase',
      needs: 'secret',
      options: [],
    },
  ],
  concurrency: 8,
  open: sftpStorage,
};

const pools = createClientCache<ConnectionPool<SftpSession>>(
  (place) => {
    const server = serverOf(place, folderLocation(place.url, example));
    return createConnectionPool((signal) => connectSftp(server, signal));
  },
  (pool) => pool.close(),
);

const protocol: FolderProtocol<SftpSession> = {
  put: putFile,
  get: getFile,
  async sizeOf(session, path) {
    const facts = await statPath(session, path);
    return facts?.isFile() === true ? facts.size : null;
  },
  readFolder: (session, folder, _signal, later) => readFolder(session, folder, later),
  async remove(session, base, path) {
    await removeFile(session, path);
    await removeEmptyFolders(session, base, folderOf(path));
  },
  freeBytes: freeBytesAt,
  classify,
};

function serverOf(place: StoragePlace, location: FolderLocation): SftpServer {
  const { credential, options } = place;
  const invalid = (message: string, hint: string): AppError =>
    new AppError('location-invalid', { message: `${location.description} ${message}.`, hint });
  if (credential === null) {
    throw invalid(
      'needs a credential',
      'Name one with a password or a private key: pumphouse credential add NAME --type sftp.',
    );
  }
  const user = location.user ?? credential.id ?? options.user ?? null;
  if (user === null) throw invalid('names no user', `Put the user into the URL: ${example}.`);
  return {
    host: location.host,
    port: location.port ?? 22,
    user,
    credential,
    pins: pinnedKeys(options['host-key']),
    network: place.network,
    subject: `sftp://${location.host}${location.port === null ? '' : `:${location.port}`}`,
  };
}

function sftpStorage(place: StoragePlace): Storage {
  const location = folderLocation(place.url, example);
  // For its complaints.
  serverOf(place, location);
  return servedFolder(location, () => pools.lease(place), protocol);
}
