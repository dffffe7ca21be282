import type { Duplex } from 'node:stream';
import type { OwnConnection } from '../connector.ts';
import { FrameReader, type FrameSink } from '../wire/frame-reader.ts';
import { decodeError, type ServerError, serverMessages } from '../wire/messages.ts';

/** Sends requests to the server as they are, and hands back each answer whole, up to and with its ReadyForQuery. */
export class ServerRelay implements Disposable {
  readonly #socket: Duplex;
  readonly #silence: OwnConnection['silence'];
  readonly #endWatch: () => void;
  readonly #onAnswer: (answer: Buffer) => void;
  readonly #onBroken: (error: unknown) => void;
  readonly #frames = new FrameReader();
  readonly #sink: FrameSink = {
    copyData: () => undefined,
    message: (type, body) => this.#message(type, body),
  };
  #pieces: Buffer[] = [];
  #answered = false;
  /** The last error that the server reported, and the request that it answered. */
  lastError: { readonly error: ServerError; readonly request: Buffer } | null = null;
  #request: Buffer = Buffer.alloc(0);

  constructor(
    { socket, silence }: Pick<OwnConnection, 'socket' | 'silence'>,
    onAnswer: (answer: Buffer) => void,
    onBroken: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#silence = silence;
    this.#endWatch = silence.watch(onBroken);
    this.#onAnswer = onAnswer;
    this.#onBroken = onBroken;
    socket.on('data', this.#onData).on('error', onBroken).on('close', this.#onClose);
    socket.resume();
  }

  /** One request at a time: the next one after the answer to this one. */
  send(request: Buffer): void {
    this.#request = request;
    this.#silence.expectServer();
    this.#socket.write(request);
  }

  [Symbol.dispose](): void {
    this.#endWatch();
    this.#socket.off('data', this.#onData).off('close', this.#onClose);
    // The listener for errors stays: a socket that is torn down may still report one, and nobody must die of it.
  }

  readonly #onData = (piece: Buffer): void => {
    this.#silence.heard();
    this.#pieces.push(piece);
    try {
      this.#frames.feed(piece, this.#sink);
    } catch (error) {
      this.#onBroken(error);
      return;
    }
    if (!this.#answered) return;
    this.#silence.expectNothing();
    const answer = Buffer.concat(this.#pieces);
    this.#answered = false;
    this.#pieces = [];
    this.#onAnswer(answer);
  };

  readonly #onClose = (): void =>
    this.#onBroken(
      this.lastError?.error ??
        Object.assign(new Error('The server closed the connection.'), { code: 'ECONNRESET' }),
    );

  #message(type: number, body: Buffer): void {
    if (type === serverMessages.readyForQuery) this.#answered = true;
    if (type === serverMessages.errorResponse) {
      this.lastError = { error: decodeError(body), request: this.#request };
    }
  }
}
