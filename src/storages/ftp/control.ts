import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../../core/errors.ts';
import type { PooledConnection } from '../blocks/connection-pool.ts';
import { createReplyReader, FtpRefusal, type FtpReply } from './reply.ts';

/** A control connection. Commands go out one after the other, each when the one before has its answer. */
export interface FtpControl extends PooledConnection {
  /** The present socket: TLS after `upgrade`. */
  readonly socket: Socket;
  /**
   * Sends a command (null: none, for the greeting) and resolves to its answer. Throws `FtpRefusal` from 400 on, `storage-unreachable` when
   * the connection breaks, and the reason of an `interrupt`.
   */
  request(command: string | null, options?: RequestOptions): Promise<FtpReply>;
  /** Goes on with a socket that was made from the present one. */
  upgrade(secure: (socket: Socket) => Promise<Socket>): Promise<void>;
  /** The data connection of the transfer under way: an interruption closes it. */
  carry(data: Socket | null): void;
  /** Rejects the request under way and closes the data connection. Later requests wait for the answer all the same. */
  interrupt(reason: unknown): void;
}

export interface RequestOptions {
  /** An interruption waits for the answer, because whether it was done matters. */
  readonly isCommit?: boolean;
  /** Called when the server says that a transfer begins. */
  readonly onStart?: () => void;
}

/** @param broken the error for a connection that has ended, with the reason in words */
export function createControl(first: Socket, broken: (reason: string) => AppError): FtpControl {
  let socket = first;
  let failure: AppError | null = null;
  let reader = createReplyReader();
  let data: Socket | null = null;
  let unanswered = 0;
  let last: Promise<unknown> = Promise.resolve();
  let current: { readonly settle: PromiseWithResolvers<FtpReply>; readonly onStart: () => void } | null =
    null;
  const waiting = new Map<(error: unknown) => void, { readonly isCommit: boolean }>();

  const fail = (error: AppError): void => {
    if (failure !== null) return;
    failure = error;
    socket.destroy();
    data?.destroy();
    current?.settle.reject(error);
    for (const reject of waiting.keys()) reject(error);
    waiting.clear();
  };

  const receive = (reply: FtpReply): void => {
    if (current === null) {
      // Said without being asked, before the server closes the connection.
      if (reply.code === 421) fail(broken(`421 ${reply.words}`));
    } else if (reply.code < 200) current.onStart();
    else current.settle.resolve(reply);
  };

  const listen = (): void => {
    const decoder = new StringDecoder('utf8');
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const reply of reader.read(decoder.write(bytes))) receive(reply);
      } catch (error) {
        fail(broken((error as Error).message));
      }
    });
    socket.on('error', (error) => fail(broken((error as NodeJS.ErrnoException).code ?? error.message)));
    socket.on('close', () => fail(broken('closed by the server')));
  };
  listen();

  /** When its turn comes; resolves to any final reply. */
  const exchange = async (command: string | null, onStart: () => void): Promise<FtpReply> => {
    if (failure !== null) throw failure;
    const settle = Promise.withResolvers<FtpReply>();
    current = { settle, onStart };
    if (command !== null) socket.write(`${command}\r\n`);
    try {
      return await settle.promise;
    } finally {
      current = null;
    }
  };

  return {
    get socket() {
      return socket;
    },
    get isUsable() {
      return failure === null && unanswered === 0 && data === null;
    },

    request(command, { isCommit = false, onStart = () => undefined } = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<FtpReply>();
      const verb = command?.split(' ')[0] ?? '';
      if (failure !== null) reject(failure);
      else if (/[\r\n\0]/.test(command ?? '')) {
        reject(
          new AppError('storage-failed', {
            message: `The argument of ${verb} holds a line break.`,
            temporary: false,
          }),
        );
      } else {
        unanswered += 1;
        waiting.set(reject, { isCommit });
        const turn = last.then(() => exchange(command, onStart));
        last = turn
          .then(
            (reply) => (reply.code < 400 ? resolve(reply) : reject(new FtpRefusal(reply, verb))),
            (error: unknown) => reject(error),
          )
          .then(() => {
            unanswered -= 1;
            waiting.delete(reject);
          });
      }
      return promise;
    },

    async upgrade(secure) {
      // Whatever was sent before the encryption may be anybody's.
      if (reader.isInside) throw broken('the server says more than it was asked');
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
      reader = createReplyReader();
      socket = await secure(socket);
      listen();
    },

    carry(next) {
      data = next;
    },

    interrupt(reason) {
      data?.destroy();
      for (const [reject, { isCommit }] of waiting) {
        if (isCommit) continue;
        waiting.delete(reject);
        reject(reason);
      }
    },

    rest: () => void socket.unref(),
    wake: () => void socket.ref(),
    destroy: () => fail(broken('closed')),
  };
}
