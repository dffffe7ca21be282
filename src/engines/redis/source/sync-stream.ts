import type { Socket } from 'node:net';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import { receiveBytes } from '../client/socket.ts';
import { createRdbScanner } from '../rdb/scan-rdb.ts';
import { BlockQueue } from './block-queue.ts';
import type { SharedLimits } from './shared-limits.ts';
import { SyncHeader } from './sync-framing.ts';
import { SyncPace } from './sync-pace.ts';
import { SyncPieces } from './sync-pieces.ts';

export interface StreamOptions {
  /** As messages show it. */
  readonly server: string;
  /** The logical databases that are expected, in order: a piece for each. */
  readonly databases: readonly number[];
  readonly replTimeoutMs: number;
  readonly silenceMs: number;
  readonly limits: SharedLimits;
  readonly log: OperationContext['log'];
}

/** The server closed the connection before it sent a header. */
export class NoHeader extends AppError {
  constructor(server: string) {
    super('database-unreachable', {
      message: `The database server ${server} closed the connection instead of sending a snapshot.`,
      hint: 'Its log says why; often it could not fork or write its snapshot.',
      operation: 'ask for a snapshot',
    });
  }
}

/** One RDB on its way from a server, in pieces that are read one after the other. */
export class SyncStream implements Disposable {
  /** Settles when the snapshot begins to come, or will not. */
  readonly begun: Promise<void>;
  readonly #options: StreamOptions;
  readonly #socket: Socket;
  readonly #stopReceiving: () => void;
  readonly #queues: readonly BlockQueue[];
  readonly #rows: number[] = [];
  readonly #scanner = createRdbScanner();
  readonly #header: SyncHeader;
  readonly #begun = Promise.withResolvers<void>();
  readonly #pace: SyncPace;
  #pieces: SyncPieces | null = null;
  #silence: NodeJS.Timeout | undefined;
  #socketError: Error | null = null;
  #isOver = false;

  /** @param socket paused, with SYNC sent; it is the stream's from now on */
  constructor(socket: Socket, options: StreamOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#header = new SyncHeader(options.server);
    this.#queues = options.databases.map(() => new BlockQueue());
    for (const queue of this.#queues) queue.onTaken = this.#measure;
    this.begun = this.#begun.promise;
    this.begun.catch(() => undefined);
    this.#pace = new SyncPace(socket, options.limits.spill, options.replTimeoutMs, this.#onFull);
    socket.on('error', this.#onError).on('close', this.#onClose);
    this.#silence = setTimeout(this.#onSilence, options.silenceMs);
    this.#stopReceiving = receiveBytes(socket, this.#receive);
  }

  /** The magic of the RDB; '' before it came. */
  get magic(): string {
    return this.#scanner.format?.magic ?? '';
  }

  /** The next block of a piece; null at its end: the last piece ends when the server has confirmed that all of it came. */
  take(piece: number): Promise<Uint8Array | null> {
    return (this.#queues[piece] as BlockQueue).take();
  }

  /** The keys of a piece that has ended. */
  rowsOf(piece: number): number {
    return this.#rows[piece] ?? 0;
  }

  /** Ends what has not come to its end. */
  abandon(reason: AppError): void {
    if (this.#isOver) return;
    this.#close();
    this.#begun.reject(reason);
    for (const queue of this.#queues) queue.fail(reason);
  }

  [Symbol.dispose](): void {
    this.abandon(new AppError('aborted', { message: 'The snapshot was not read to its end.' }));
  }

  readonly #receive = (chunk: Buffer): void => {
    if (this.#isOver) return;
    this.#silence?.refresh();
    try {
      let body = chunk;
      if (this.#pieces === null) {
        const header = this.#header.push(chunk);
        if (header === null) return;
        const { databases, server } = this.#options;
        this.#pieces = new SyncPieces(this.#scanner, header.framing, databases, this.#sink, server);
        this.#noteFraming(header.framing.kind);
        this.#begun.resolve();
        body = chunk.subarray(header.end);
      }
      this.#pieces.push(body);
    } catch (error) {
      this.abandon(classifyRedisError(error, 'read the snapshot', this.#options.server));
      return;
    }
    if (!this.#isOver) this.#measure();
  };

  readonly #sink = {
    bytes: (chunk: Uint8Array, start: number, end: number): void => {
      this.#queues[this.#rows.length]?.write(chunk, start, end);
    },
    pieceEnds: (rows: number): void => {
      const piece = this.#rows.push(rows) - 1;
      // The last one is whole only when the server says so.
      if (piece < this.#queues.length - 1) this.#queues[piece]?.end();
    },
    streamEnds: (): void => {
      this.#close();
      if (this.#scanner.checksum === 'off') {
        this.#options.log.warn(
          `The server ${this.#options.server} writes no checksums (rdbchecksum no): its snapshot is taken as it came.`,
        );
      }
      this.#queues.at(-1)?.end();
    },
  };

  readonly #measure = (): void => {
    if (!this.#isOver) this.#pace.holds(this.#queues.reduce((sum, queue) => sum + queue.bytes, 0));
  };

  #noteFraming(kind: 'mark' | 'length'): void {
    const { server, log } = this.#options;
    if (kind === 'length') {
      log.info(
        `The server ${server} writes its snapshot to its own disk first (repl-diskless-sync no): its dump file there was replaced.`,
      );
    }
  }

  readonly #onSilence = (): void => {
    const { server, silenceMs } = this.#options;
    if (this.#pace.isPaused) {
      this.#silence?.refresh();
      return;
    }
    this.abandon(
      new AppError('database-timeout', {
        message: `The database server ${server} sent nothing for ${silenceMs / 1000} s while its snapshot was read.`,
        hint: 'Check the server and the network; timeout=SECONDS in the database URL allows for more.',
        operation: 'read the snapshot',
      }),
    );
  };

  readonly #onFull = (): void => {
    const { server, log } = this.#options;
    log.warn(
      `The storage takes the snapshot of ${server} too slowly, and there is no memory left to hold it: the server will end it.`,
    );
  };

  readonly #onError = (error: Error): void => {
    this.#socketError = error;
  };

  readonly #onClose = (): void => {
    if (this.#isOver) return;
    const { server } = this.#options;
    if (this.#pieces === null) {
      this.abandon(
        this.#socketError === null
          ? new NoHeader(server)
          : classifyRedisError(this.#socketError, 'ask for a snapshot', server),
      );
      return;
    }
    this.abandon(this.#cut(this.#pieces.position));
  };

  /** The stream just stopped, with an error of the network or without any: it is not whole, however it looks. */
  #cut(position: number): AppError {
    const { server, replTimeoutMs } = this.#options;
    const pausedMs = this.#pace.longestPauseMs;
    const message = `The database server ${server} ended its snapshot after ${position} bytes, before it was whole`;
    if (pausedMs < replTimeoutMs / 2) {
      return new AppError('database-unreachable', {
        message: `${message}.`,
        hint: 'Its log says why: it may have been stopped, or its child process killed for lack of memory.',
        operation: 'read the snapshot',
        cause: this.#socketError ?? undefined,
      });
    }
    return new AppError('database-timeout', {
      message: `${message}: the storage side was slow, and took nothing for ${Math.round(pausedMs / 1000)} s.`,
      hint: 'Use a faster storage, or raise repl-timeout of the server, or set repl-diskless-sync no there.',
      operation: 'read the snapshot',
    });
  }

  #close(): void {
    this.#isOver = true;
    clearTimeout(this.#silence);
    this.#pace[Symbol.dispose]();
    this.#stopReceiving();
    this.#socket.destroy();
  }
}
