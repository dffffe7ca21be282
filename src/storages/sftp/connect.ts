import ssh2 from 'ssh2';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Network } from '../../network/network.ts';
import type { StorageCredential } from '../storage.ts';
import { classifyConnection } from './classify.ts';
import { hostKeyFault } from './host-key.ts';
import { loginOf } from './login.ts';
import { createSession, type SftpSession } from './session.ts';

/** Whom to connect to, and as whom. */
export interface SftpServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly credential: StorageCredential;
  /** Fingerprints of host keys, one of which the server must show. */
  readonly pins: readonly string[];
  readonly network: Network;
  /** For messages: `sftp://user@host`. */
  readonly subject: string;
}

/**
 * Connects, checks the host key before anything is said of the user, logs in and opens SFTP. Throws `storage-unreachable`,
 * `host-key-changed`, `storage-denied`, `storage-failed`, and what the network throws.
 */
export async function connectSftp(server: SftpServer, signal: AbortSignal): Promise<SftpSession> {
  const { host, port, user, credential, pins, subject } = server;
  const login = loginOf(credential);
  const socket = await server.network.connect(host, port, signal);
  const client = new ssh2.Client();
  const { promise, resolve, reject } = Promise.withResolvers<SftpSession>();
  // Whatever is said after the first fault.
  promise.catch(() => undefined);
  const broke = (words: string): AppError =>
    new AppError('storage-unreachable', { message: `${subject}: the connection broke (${words}).` });
  let fail = (error: AppError): void => {
    socket.destroy();
    reject(error);
  };
  const onAbort = (): void => fail(toAppError(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });

  // What comes first counts: ssh2 words a refused host key as one of its own errors, and each error closes the connection.
  client.on('error', (error) => fail(classifyConnection(error, subject)));
  client.on('close', () => fail(broke('closed by the server')));
  client.on('change password', () =>
    fail(
      new AppError('storage-denied', {
        message: `${subject} wants the user to choose a new password first.`,
        hint: 'Change the password at the server, then in the credential.',
      }),
    ),
  );
  client.on('keyboard-interactive', (_name, _words, _language, prompts, answer) =>
    // One question whose answer is not shown is the one for the password.
    answer(prompts.length === 1 && prompts[0]?.echo !== true ? [login.password ?? ''] : []),
  );
  client.on('ready', () =>
    client.sftp((error, sftp) => {
      if (error !== undefined && error !== null) {
        fail(
          new AppError('storage-denied', {
            message: `${subject} lets the user in, but not to SFTP (${error.message}).`,
            hint: 'Have the server offer the subsystem sftp to this user.',
            cause: error,
          }),
        );
        return;
      }
      const opened = createSession({ sftp, socket, ended: () => broke('closed') });
      fail = opened.fail;
      sftp.on('error', (fault: Error) => opened.fail(classifyConnection(fault, subject)));
      sftp.on('close', () => opened.fail(broke('the server ended SFTP')));
      resolve(opened.session);
    }),
  );

  try {
    signal.throwIfAborted();
    client.connect({
      ...login,
      sock: socket,
      username: user,
      readyTimeout: 0,
      hostVerifier: (key: Buffer) => {
        const fault = hostKeyFault(key, pins, subject);
        if (fault !== null) fail(fault);
        return fault === null;
      },
    });
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error instanceof AppError ? error : classifyConnection(error as Error, subject);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
