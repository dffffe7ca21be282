import { once } from 'node:events';
import type { Socket } from 'node:net';
import { releaseChunk } from '../../../base/release-chunk.ts';
import type { Exchange } from './exchange.ts';
import {
  copyDataHeader,
  copyDoneMessage,
  decodeRowCount,
  type ServerError,
  serverMessages,
} from './messages.ts';
import type { Silence } from './silence.ts';

/** The largest CopyData message that is sent. The server does not care where rows begin. */
const copyMessageBytes = 1024 * 1024;

/** The answer to a COPY FROM STDIN. */
export class CopyIn implements Exchange {
  /** Resolves when the server takes data; rejects when it does not. */
  readonly accepted: Promise<void>;
  /** Resolves, when the server is ready again, to the rows that it took; rejects with its first error. */
  readonly finished: Promise<number>;
  /** An error came, or the connection is gone: more data would be sent for nothing. */
  failed = false;

  readonly #accepted = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<number>();
  readonly #failure = Promise.withResolvers<void>();
  #rows = 0;
  #error: ServerError | null = null;

  constructor() {
    this.accepted = this.#accepted.promise;
    this.finished = this.#finished.promise;
    this.accepted.catch(() => undefined);
    this.finished.catch(() => undefined);
  }

  /** Resolves when `failed` becomes true. */
  get failure(): Promise<void> {
    return this.#failure.promise;
  }

  readonly isBulk = false;

  copyData(): void {}

  message(type: number, body: Buffer): void {
    if (type === serverMessages.copyInResponse) this.#accepted.resolve();
    else if (type === serverMessages.commandComplete) this.#rows = decodeRowCount(body);
  }

  error(error: ServerError): void {
    this.#error ??= error;
    this.#fail();
  }

  ready(): void {
    const error = this.#error;
    if (error === null) this.#finished.resolve(this.#rows);
    else this.#finished.reject(error);
    this.#accepted.reject(error ?? new Error('The statement does not take data.'));
  }

  broken(error: unknown): void {
    this.#fail();
    this.#finished.reject(this.#error ?? error);
    this.#accepted.reject(this.#error ?? error);
  }

  #fail(): void {
    this.failed = true;
    this.#failure.resolve();
  }
}

/** Sends all chunks and the end mark, or stops when the exchange has failed. The chunks are given away. */
export async function sendCopy(
  socket: Socket,
  iterator: AsyncIterator<Uint8Array>,
  exchange: CopyIn,
  silence: Silence,
): Promise<void> {
  while (!exchange.failed) {
    silence.expectNothing();
    const next = iterator.next();
    // A source that hangs must not keep an error of the server or an abort from being seen.
    const step = await Promise.race([next, exchange.failure]);
    if (step === undefined) {
      next.catch(() => undefined);
      break;
    }
    if (step.done === true) {
      silence.expectServer();
      socket.write(copyDoneMessage);
      return;
    }
    for (let at = 0; at < step.value.length && !exchange.failed; at += copyMessageBytes) {
      const goesOn = sendPiece(socket, step.value.subarray(at, at + copyMessageBytes));
      if (goesOn || !socket.writableNeedDrain) continue;
      silence.expectServer();
      await drained(socket, exchange);
    }
  }
  void iterator.return?.().catch(() => undefined);
}

function sendPiece(socket: Socket, piece: Uint8Array): boolean {
  socket.cork();
  socket.write(copyDataHeader(piece.length));
  const goesOn = socket.write(piece, (error) => {
    // The end of the chunk is the end of its memory; after an error the socket may still have its hands on it.
    if (error == null) releaseChunk(piece);
  });
  socket.uncork();
  return goesOn;
}

/** Resolves when the socket takes more, or when the exchange is over. */
async function drained(socket: Socket, exchange: CopyIn): Promise<void> {
  const listening = new AbortController();
  await Promise.race([
    once(socket, 'drain', { signal: listening.signal }).catch(() => undefined),
    exchange.failure,
  ]);
  listening.abort();
}
