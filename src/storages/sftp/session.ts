import type { Socket } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import type { AppError } from '../../core/errors.ts';
import type { PooledConnection } from '../blocks/connection-pool.ts';
import { SftpStatus, status } from './status.ts';

/** An SFTP session on an SSH connection of its own. Requests may be sent without waiting for earlier ones. */
export interface SftpSession extends PooledConnection {
  /**
   * Sends a request and resolves to its answer. Throws `SftpStatus`, `storage-unreachable` when the connection breaks, and the reason of an
   * `interrupt`.
   */
  request<T = void>(send: Send<T>): Promise<T>;
  /** The same for a request that an interruption waits for, because whether it was done matters. */
  commit<T = void>(send: Send<T>): Promise<T>;
  /** Rejects all requests under way, whose answers then no longer matter. Later requests go on as ever. */
  interrupt(reason: unknown): void;
}

/** Calls one method of the wrapper with `done` as its callback. */
export type Send<T> = (sftp: SFTPWrapper, done: (error?: Error | null, value?: T) => void) => void;

/** What an own connection's session is made of. */
export interface SessionParts {
  readonly sftp: SFTPWrapper;
  readonly socket: Socket;
  /** The sentence for requests on a connection that has ended. */
  readonly ended: () => AppError;
}

/** @returns the session, and what to tell it when the connection breaks */
export function createSession({ sftp, socket, ended }: SessionParts): {
  readonly session: SftpSession;
  readonly fail: (error: AppError) => void;
} {
  let failure: AppError | null = null;
  let unanswered = 0;
  /** How to end those under way; ssh2 itself would leave a request that was sent too late without any answer. */
  const waiting = new Map<(error: unknown) => void, { readonly isInterruptible: boolean }>();

  const fail = (error: AppError): void => {
    if (failure !== null) return;
    failure = error;
    socket.destroy();
    for (const reject of waiting.keys()) reject(failure);
    waiting.clear();
  };

  const run = <T>(send: Send<T>, isInterruptible: boolean): Promise<T> =>
    new Promise((resolve, reject) => {
      if (failure !== null) {
        reject(failure);
        return;
      }
      unanswered += 1;
      waiting.set(reject, { isInterruptible });
      const done = (error?: Error | null, value?: T): void => {
        unanswered -= 1;
        waiting.delete(reject);
        if (error === undefined || error === null) {
          resolve(value as T);
          return;
        }
        const { code } = error as { readonly code?: unknown };
        if (typeof code === 'number') reject(new SftpStatus(code, error.message));
        else {
          // No status of the server, so there was no answer: its SFTP process is gone.
          fail(ended());
          reject(failure ?? error);
        }
      };
      try {
        send(sftp, done);
      } catch (error) {
        // ssh2 throws at once for extensions that the server does not offer.
        unanswered -= 1;
        waiting.delete(reject);
        reject(new SftpStatus(status.unsupported, (error as Error).message));
      }
    });

  const session: SftpSession = {
    get isUsable() {
      return failure === null && unanswered === 0;
    },
    request: (send) => run(send, true),
    commit: (send) => run(send, false),
    interrupt(reason) {
      for (const [reject, { isInterruptible }] of waiting) {
        if (!isInterruptible) continue;
        waiting.delete(reject);
        reject(reason);
      }
    },
    rest: () => void socket.unref(),
    wake: () => void socket.ref(),
    destroy: () => fail(ended()),
  };
  return { session, fail };
}
