import type { Exchange } from './exchange.ts';
import { decodeRowCount, type ServerError, serverMessages } from './messages.ts';

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
