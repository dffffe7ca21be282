import { once } from 'node:events';
import type { Socket } from 'node:net';
import { linkAbort } from '../../../base/linked-abort.ts';
import { abortError } from '../../../core/abort-error.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyRedisError } from '../classify.ts';
import type { Credentials, RedisTarget } from '../database-url.ts';
import { type Address, addressText } from './address.ts';
import { type Argument, encodeCommand } from './encode-command.ts';
import { Pending } from './pending.ts';
import { RedisError, type Reply } from './reply.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { RespTokens, type TokenSink } from './resp-tokens.ts';
import { openSocket, receiveBytes } from './socket.ts';

/** Gets the replies of `send`, in order. */
export interface PipeSink {
  /** So many `+OK` came; no object is made for them. */
  ok(count: number): void;
  /** Anything else, refusals too. */
  reply(reply: Reply): void;
}

/**
 * An authenticated connection to one server. A server that owes a reply and is silent for `timeout`, or takes ten times that for the answer of
 * a call, ends it, as an abort of a call does.
 */
export interface RedisConnection extends AsyncDisposable {
  readonly address: Address;
  /** Aborted with an AppError as reason when the connection is gone, whatever the cause. */
  readonly closed: AbortSignal;
  /** Rejects with a RedisError when the server refuses, and with an AppError when the connection ends. An abort of `signal` ends the connection. */
  call(args: readonly Argument[], signal?: AbortSignal): Promise<Reply>;
  /**
   * Writes encoded commands as they are; their `replies` go to the sink of {@link onReplies}. Null, or resolves when the socket has room for
   * more (back pressure), not when they are answered; rejects when the connection ends. The bytes must not be changed before they are answered.
   */
  send(bytes: Uint8Array, replies: number): Promise<void> | null;
  onReplies(sink: PipeSink): void;
  /**
   * From now on all that comes goes to `sink` as it comes, until null is given: `send` only, and with nothing due at either change.
   * The sink may throw: that ends the connection.
   */
  onTokens(sink: TokenSink | null): void;
  /** Reads nothing until `resume`: the server stops when the sockets are full. Silence does not count then. */
  pause(): void;
  resume(): void;
  /** Nothing is done when the database is selected already. */
  select(database: number, signal?: AbortSignal): Promise<void>;
  /** The socket, paused, for whom speaks another protocol from here on; all that was asked must be answered. */
  detach(): Socket;
}

/** How many times the longest silence a call may take until its answer is whole: a server that trickles is never silent. */
const silencesOfReply = 10;

/** Whom to be where the target's own user is not meant, and how long the server may be silent. */
export interface ConnectOptions {
  readonly credentials?: Credentials;
}

/**
 * Connects and authenticates. Throws AppErrors: `database-refused`, `database-unreachable`, `database-timeout` after the time of the target
 * (connect_timeout), or the reason of `signal`.
 */
export async function connect(
  target: RedisTarget,
  address: Address,
  signal: AbortSignal,
  options: ConnectOptions = {},
): Promise<RedisConnection> {
  using deadline = linkAbort(signal);
  const timer = setTimeout(() => {
    deadline.abort(
      new AppError('database-timeout', {
        message: `The database server ${addressText(address)} did not answer within ${target.connectTimeoutMs / 1000} s.`,
        operation: 'connect',
      }),
    );
  }, target.connectTimeoutMs);
  try {
    const socket = await openSocket(target, address, deadline.signal);
    const connection = new Connection(socket, address, target.silenceMs);
    try {
      await authenticate(connection, options.credentials ?? target, deadline.signal);
      return connection;
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    throw signal.aborted ? abortError(signal) : classifyRedisError(error, 'connect', addressText(address));
  } finally {
    clearTimeout(timer);
  }
}

async function authenticate(
  connection: RedisConnection,
  { user, password }: Credentials,
  signal: AbortSignal,
): Promise<void> {
  if (password !== null) {
    await connection.call(user === null ? ['AUTH', password] : ['AUTH', user, password], signal);
  }
  try {
    await connection.call(['CLIENT', 'SETNAME', 'pumphouse'], signal);
  } catch (error) {
    // Older servers, proxies and ACLs may lack it; but who must not be here at all hears of it now.
    if (!(error instanceof RedisError) || /^(?:NOAUTH|DENIED)|max number of clients/.test(error.message))
      throw error;
  }
}

class Connection implements RedisConnection {
  readonly address: Address;
  readonly closed: AbortSignal;
  readonly #socket: Socket;
  readonly #silenceMs: number;
  readonly #closing = new AbortController();
  readonly #replies: ReplyBuilder;
  readonly #tokens: RespTokens;
  readonly #pending = new Pending();
  readonly #stopReceiving: () => void;
  #database = 0;
  #silence: NodeJS.Timeout | undefined;
  #bytesFlushed = 0;
  #isPaused = false;
  #room: PromiseWithResolvers<void> | null = null;

  constructor(socket: Socket, address: Address, silenceMs: number) {
    this.address = address;
    this.closed = this.#closing.signal;
    this.#socket = socket;
    this.#silenceMs = silenceMs;
    this.#replies = new ReplyBuilder(this.#pending, addressText(address));
    this.#tokens = new RespTokens(this.#replies);
    this.#stopReceiving = receiveBytes(socket, this.#receive);
    socket.on('error', this.#onError).on('close', this.#onClose).on('drain', this.#onDrain);
  }

  async call(args: readonly Argument[], signal?: AbortSignal): Promise<Reply> {
    this.#checkOpen();
    if (signal?.aborted === true) throw abortError(signal);
    const onAbort = (): void => this.#end(abortError(signal as AbortSignal));
    signal?.addEventListener('abort', onAbort, { once: true });
    const watch = setInterval(this.#onLateReply, this.#silenceMs * silencesOfReply);
    try {
      const reply = this.#pending.addCall();
      this.#expect();
      this.#socket.write(encodeCommand(args));
      const answer = await reply;
      if (answer instanceof RedisError) throw answer;
      return answer;
    } finally {
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  send(bytes: Uint8Array, replies: number): Promise<void> | null {
    this.#checkOpen();
    this.#pending.addSend(replies);
    this.#expect();
    if (this.#socket.write(bytes)) return null;
    if (this.#room === null) {
      this.#room = Promise.withResolvers();
      this.#room.promise.catch(() => undefined);
    }
    return this.#room.promise;
  }

  onReplies(sink: PipeSink): void {
    this.#pending.pipe = sink;
  }

  onTokens(sink: TokenSink | null): void {
    this.#tokens.sink = sink ?? this.#replies;
    this.#pending.isTakenOver = sink !== null;
    if (sink === null) this.#expectNothing();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#silence?.refresh();
    this.#socket.resume();
  }

  async select(database: number, signal?: AbortSignal): Promise<void> {
    if (this.#database === database) return;
    await this.call(['SELECT', database], signal);
    this.#database = database;
  }

  detach(): Socket {
    this.#stopReceiving();
    clearTimeout(this.#silence);
    this.#socket.off('error', this.#onError).off('close', this.#onClose).off('drain', this.#onDrain);
    return this.#socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new AppError('aborted', { message: 'The connection was closed.' }));
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  readonly #receive = (chunk: Buffer): void => {
    this.#silence?.refresh();
    try {
      this.#tokens.push(chunk);
      this.#pending.flush();
    } catch (error) {
      this.#end(classifyRedisError(error, 'read from the database server', addressText(this.address)));
      return;
    }
    if (this.#pending.isEmpty) this.#expectNothing();
  };

  readonly #onError = (error: Error): void => {
    this.#end(classifyRedisError(error, 'talk to the database server', addressText(this.address)));
  };

  readonly #onClose = (): void => {
    this.#onError(Object.assign(new Error('The server closed the connection.'), { code: 'ECONNRESET' }));
  };

  readonly #onDrain = (): void => {
    this.#room?.resolve();
    this.#room = null;
  };

  /** A reply is due. */
  #expect(): void {
    this.#silence ??= setTimeout(this.#onSilence, this.#silenceMs);
  }

  #expectNothing(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  readonly #onSilence = (): void => {
    this.#silence = undefined;
    const flushed = this.#socket.bytesWritten - this.#socket.writableLength;
    // Who still takes what we send is not silent, and who is not read from cannot be heard.
    if (flushed !== this.#bytesFlushed || this.#isPaused) {
      this.#bytesFlushed = flushed;
      this.#expect();
      return;
    }
    this.#end(
      new AppError('database-timeout', {
        message: `The database server ${addressText(this.address)} owes an answer and was silent for ${this.#silenceMs / 1000} s.`,
        hint: 'Check the server and the network; timeout=SECONDS in the database URL allows for more.',
        operation: 'wait for the database server',
      }),
    );
  };

  /** A call has waited for long, though something came from time to time. */
  readonly #onLateReply = (): void => {
    if (this.#socket.writableLength > 0 || this.#isPaused) return;
    this.#end(
      new AppError('database-timeout', {
        message: `The database server ${addressText(this.address)} has not ended an answer after ${(this.#silenceMs * silencesOfReply) / 1000} s.`,
        hint: 'Check the server and the network; timeout=SECONDS in the database URL allows for more.',
        operation: 'wait for the database server',
      }),
    );
  };

  #checkOpen(): void {
    if (this.closed.aborted) throw this.closed.reason;
  }

  #end(reason: AppError): void {
    if (this.closed.aborted) return;
    this.#expectNothing();
    this.#socket.destroy();
    this.#pending.fail(reason);
    this.#room?.reject(reason);
    this.#room = null;
    this.#closing.abort(reason);
  }
}
