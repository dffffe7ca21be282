import { abortError } from '../../../core/abort-error.ts';
import type { RawConnection } from './connect.ts';
import { CopyIn, sendCopy } from './copy-in.ts';
import { CopyOut } from './copy-out.ts';
import { CountedExchange } from './counted-exchange.ts';
import type { Exchange } from './exchange.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import { Inlet } from './inlet.ts';
import {
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
import { nameServer } from './server-of-error.ts';
import { Silence } from './silence.ts';

/** What a connection needs of the world besides its socket. */
export interface ConnectionSupport {
  /** Asks the server to cancel what this connection runs; never rejects. */
  cancel(): Promise<void>;
  /** Ends this connection's session in the server, over another connection, when the line is dead; never rejects. */
  end(): Promise<void>;
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
  readonly #silence: Silence;
  readonly #inlet: Inlet;
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
  #inTransaction = false;

  constructor(raw: RawConnection, support: ConnectionSupport) {
    this.raw = raw;
    this.#support = support;
    this.#parameters = new Map(raw.parameters);
    this.#silence = new Silence(() => support.probe(), support.silenceMs);
    raw.socket.on('error', (error) => {
      this.#lastWords ??= error;
    });
    raw.socket.on('close', () => this.#break(this.#lastWords ?? connectionClosed()));
    this.#inlet = new Inlet(
      raw.socket,
      (chunk) => this.#receive(chunk),
      () => this.#exchange?.isBulk === true,
    );
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

  /** Runs one statement, and says how many rows it changed or gave; null: it tells none. Several in one text are an error of the server. */
  async count(sql: string, signal: AbortSignal): Promise<number | null> {
    const exchange = new CountedExchange({ abandon: (reason) => this.#abandon(reason) });
    this.#start(exchange, parameterQueryMessage(sql, []), signal);
    return exchange.rows;
  }

  /** Runs a COPY TO STDOUT, and the statements before it in the text. */
  copyOut(sql: string, signal: AbortSignal): CopyOut {
    const exchange = new CopyOut({
      pause: () => {
        this.#silence.expectNothing();
        this.#inlet.hold();
      },
      resume: () => {
        this.#silence.expectServer();
        this.#inlet.release();
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
      await sendCopy(this.raw.socket, iterator, exchange, this.#silence);
    } catch (error) {
      if (this.#exchange === exchange) {
        this.#silence.expectServer();
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
    const timer = setTimeout(() => {
      this.#endSession();
      socket.destroy();
    }, 1_000);
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
    const endWatch = this.#silence.watch((reason) => {
      this.#endSession();
      this.#break(reason);
    });
    this.#endExchange = () => {
      signal.removeEventListener('abort', onAbort);
      endWatch();
      this.#exchange = null;
    };
    this.#exchange = exchange;
    this.#silence.expectServer();
    this.raw.socket.write(request);
  }

  /** Why nothing can be asked now; null: it can. */
  #refusal(signal: AbortSignal): unknown {
    if (this.#broken !== null) return this.#broken.error;
    if (this.#exchange !== null) return new Error('The connection is busy.');
    return signal.aborted ? abortError(signal) : null;
  }

  #receive(chunk: Buffer): void {
    this.#silence.heard();
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
    nameServer(error, this.raw.server);
    if (error.severity === 'FATAL' || error.severity === 'PANIC') this.#lastWords = error;
    else this.#exchange?.error(error);
  }

  #abandon(reason: unknown): void {
    if (this.#broken !== null) return;
    this.#cancelling = this.#support.cancel();
    this.#break(reason);
  }

  /** The server may believe for hours that we are there, and keep a transaction open with its locks. */
  #endSession(): void {
    this.#cancelling = this.#support.end();
  }

  #break(error: unknown): void {
    if (this.#broken !== null) return;
    nameServer(error, this.raw.server);
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
