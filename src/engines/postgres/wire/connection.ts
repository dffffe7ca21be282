import { releaseChunk } from '../../../base/release-chunk.ts';
import { abortError } from '../abort-error.ts';
import type { RawConnection } from './connect.ts';
import { CopyIn } from './copy-in.ts';
import { CopyOut } from './copy-out.ts';
import type { Exchange } from './exchange.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import {
  copyDataHeader,
  copyDoneMessage,
  copyFailMessage,
  decodeError,
  decodeParameter,
  parameterQueryMessage,
  queryMessage,
  type ServerError,
  serverMessages,
  terminateMessage,
} from './messages.ts';
import { QueryExchange, type Row } from './query-exchange.ts';

/** The largest CopyData message that is sent. The server does not care where rows begin. */
const copyMessageBytes = 1024 * 1024;

/** What a connection needs of the world besides its socket. */
export interface ConnectionSupport {
  /** Asks the server to cancel what this connection runs; never rejects. */
  cancel(): Promise<void>;
  /** Looks, over another connection, whether the server still works for this one. Rejects with the reason if not. */
  probe(): Promise<void>;
  /** After so long without a byte the server is probed. */
  readonly silenceMs: number;
}

/**
 * One connection: one request at a time, in the simple or extended protocol, and COPY both ways in bulk. Errors are raw
 * (ServerError, errors of the socket, AppError). A request whose signal aborts ends the connection, and the statement
 * in the server.
 */
export class Connection implements AsyncDisposable {
  readonly raw: RawConnection;
  readonly #support: ConnectionSupport;
  readonly #reader = new FrameReader();
  readonly #sink: FrameSink = {
    copyData: (source, start, end) => this.#exchange?.copyData(source, start, end),
    message: (type, body) => this.#message(type, body),
  };
  readonly #parameters: Map<string, string>;
  readonly #onBroken = new Set<(error: unknown) => void>();
  #exchange: Exchange | null = null;
  #endExchange: () => void = () => undefined;
  #broken: { readonly error: unknown } | null = null;
  /** What the server or the socket said before the connection closed. */
  #lastWords: unknown = null;
  #cancelling: Promise<void> = Promise.resolve();
  #heardAt = 0;
  /** The next move is the server's, so that silence counts. */
  #serverIsDue = false;
  #onDrain: () => void = () => undefined;
  #inTransaction = false;

  constructor(raw: RawConnection, support: ConnectionSupport) {
    this.raw = raw;
    this.#support = support;
    this.#parameters = new Map(raw.parameters);
    raw.socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    raw.socket.on('drain', () => this.#onDrain());
    raw.socket.on('error', (error) => {
      this.#lastWords ??= error;
    });
    raw.socket.on('close', () => this.#break(this.#lastWords ?? connectionClosed()));
    raw.socket.resume();
  }

  get parameters(): ReadonlyMap<string, string> {
    return this.#parameters;
  }

  /** Nothing runs, and the connection is there. */
  get isIdle(): boolean {
    return this.#exchange === null && this.#broken === null;
  }

  /** A transaction is open, failed or not. */
  get isInTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Calls back once when the connection breaks, at once if it has; not for `[Symbol.asyncDispose]`. */
  onBroken(listener: (error: unknown) => void): void {
    if (this.#broken === null) this.#onBroken.add(listener);
    else listener(this.#broken.error);
  }

  /** Runs statements without parameters; the rows of the last one. */
  async query(sql: string, signal: AbortSignal): Promise<readonly Row[]> {
    const exchange = new QueryExchange();
    this.#start(exchange, queryMessage(sql), signal);
    return exchange.rows;
  }

  /** Runs one statement with `$1`, `$2` ...; its rows. */
  async queryWith(
    sql: string,
    values: readonly (string | null)[],
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    const exchange = new QueryExchange();
    this.#start(exchange, parameterQueryMessage(sql, values), signal);
    return exchange.rows;
  }

  /** Runs a COPY TO STDOUT. */
  copyOut(sql: string, signal: AbortSignal): CopyOut {
    const { socket } = this.raw;
    const exchange = new CopyOut({
      pause: () => {
        this.#serverIsDue = false;
        socket.pause();
      },
      resume: () => {
        this.#expectServer();
        socket.resume();
      },
      abandon: (reason) => this.#abandon(reason),
    });
    this.#start(exchange, queryMessage(sql), signal);
    return exchange;
  }

  /**
   * Runs a COPY FROM STDIN with the bytes of `source`, which are given away: their memory is freed once they are sent.
   * Resolves to the rows that the server counted. An error of `source` fails the statement and is thrown as it is; the
   * connection can be used again.
   */
  async copyIn(sql: string, source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
    const exchange = new CopyIn();
    this.#start(exchange, queryMessage(sql), signal);
    await exchange.accepted;
    const iterator = source[Symbol.asyncIterator]();
    try {
      await this.#send(iterator, exchange);
    } catch (error) {
      if (this.#exchange === exchange) {
        this.#expectServer();
        this.raw.socket.write(copyFailMessage('the data ended with an error'));
        await exchange.finished.catch(() => undefined);
      }
      throw error;
    }
    return exchange.finished;
  }

  /** Ends the connection at once, with `reason` for whoever waits, and cancels what the server runs. */
  destroy(reason: unknown): void {
    if (this.#exchange === null) this.#break(reason);
    else this.#abandon(reason);
  }

  /** Says goodbye if nothing runs, else cancels; resolves when nothing of it is left open. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { socket } = this.raw;
    this.#onBroken.clear();
    if (this.isIdle) {
      this.#broken = { error: connectionClosed() };
      socket.end(terminateMessage);
    } else {
      this.destroy(connectionClosed());
    }
    const timer = setTimeout(() => socket.destroy(), 1_000);
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(timer);
    await this.#cancelling;
  }

  #start(exchange: Exchange, request: Buffer, signal: AbortSignal): void {
    const refusal = this.#refusal(signal);
    if (refusal !== null) {
      exchange.broken(refusal);
      return;
    }
    const onAbort = (): void => this.#abandon(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    const watch = setInterval(() => this.#watchSilence(exchange), this.#support.silenceMs / 4);
    this.#endExchange = () => {
      signal.removeEventListener('abort', onAbort);
      clearInterval(watch);
      this.#exchange = null;
      this.#serverIsDue = false;
      this.#onDrain();
    };
    this.#exchange = exchange;
    this.#expectServer();
    this.raw.socket.write(request);
  }

  /** Why nothing can be asked now; null: it can. */
  #refusal(signal: AbortSignal): unknown {
    if (this.#broken !== null) return this.#broken.error;
    if (this.#exchange !== null) return new Error('The connection is busy.');
    return signal.aborted ? abortError(signal) : null;
  }

  async #send(iterator: AsyncIterator<Uint8Array>, exchange: CopyIn): Promise<void> {
    const { socket } = this.raw;
    while (!exchange.failed) {
      this.#serverIsDue = false;
      const next = iterator.next();
      // A source that hangs must not keep an error of the server or an abort from being seen.
      const step = await Promise.race([next, exchange.failure]);
      if (step === undefined) {
        next.catch(() => undefined);
        break;
      }
      if (step.done === true) {
        this.#expectServer();
        socket.write(copyDoneMessage);
        return;
      }
      for (let at = 0; at < step.value.length && !exchange.failed; at += copyMessageBytes) {
        const piece = step.value.subarray(at, at + copyMessageBytes);
        socket.cork();
        socket.write(copyDataHeader(piece.length));
        const goesOn = socket.write(piece, (error) => {
          // The end of the chunk is the end of its memory; after an error the socket may still have its hands on it.
          if (error == null) releaseChunk(piece);
        });
        socket.uncork();
        if (!goesOn && socket.writableNeedDrain) await this.#drained();
      }
    }
    void iterator.return?.().catch(() => undefined);
  }

  /** Resolves when the socket takes more, or when the exchange is over. */
  #drained(): Promise<void> {
    this.#expectServer();
    return new Promise((resolve) => {
      this.#onDrain = () => {
        this.#onDrain = () => undefined;
        resolve();
      };
    });
  }

  #receive(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      this.#reader.feed(chunk, this.#sink);
    } catch (error) {
      this.#break(error);
    }
  }

  #message(type: number, body: Buffer): void {
    switch (type) {
      case serverMessages.errorResponse:
        this.#receiveError(decodeError(body));
        break;
      case serverMessages.readyForQuery: {
        const exchange = this.#exchange;
        this.#inTransaction = body[0] !== 0x49;
        this.#endExchange();
        exchange?.ready();
        break;
      }
      case serverMessages.parameterStatus: {
        const [name, value] = decodeParameter(body);
        this.#parameters.set(name, value);
        break;
      }
      case serverMessages.noticeResponse:
      case serverMessages.notificationResponse:
        break;
      default:
        this.#exchange?.message(type, body);
    }
  }

  #receiveError(error: ServerError): void {
    if (error.severity === 'FATAL' || error.severity === 'PANIC') this.#lastWords = error;
    else this.#exchange?.error(error);
  }

  #expectServer(): void {
    this.#serverIsDue = true;
    this.#heardAt = performance.now();
  }

  #watchSilence(exchange: Exchange): void {
    if (!this.#serverIsDue || performance.now() - this.#heardAt < this.#support.silenceMs) return;
    // One probe at a time: the clock stands until it has an answer.
    this.#serverIsDue = false;
    this.#support.probe().then(
      () => {
        if (this.#exchange === exchange) this.#expectServer();
      },
      (error: unknown) => {
        if (this.#exchange === exchange) this.#break(error);
      },
    );
  }

  #abandon(reason: unknown): void {
    if (this.#broken !== null) return;
    this.#cancelling = this.#support.cancel();
    this.#break(reason);
  }

  #break(error: unknown): void {
    if (this.#broken !== null) return;
    this.#broken = { error };
    const exchange = this.#exchange;
    this.#endExchange();
    this.raw.socket.destroy();
    exchange?.broken(error);
    for (const listener of this.#onBroken) listener(error);
    this.#onBroken.clear();
  }
}

const connectionClosed = (): Error =>
  Object.assign(new Error('The database server closed the connection.'), { code: 'ECONNRESET' });
