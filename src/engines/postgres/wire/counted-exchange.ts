import type { Exchange, Flow } from './exchange.ts';
import { decodeTagCount, type ServerError, serverMessages } from './messages.ts';

/** One statement whose rows nobody wants: they are thrown away as they come. */
export class CountedExchange implements Exchange {
  readonly isBulk = false;
  /** Settles when the server is ready: the rows that it tells of, null for a statement that tells none; or the first error. */
  readonly rows: Promise<number | null>;

  readonly #settled = Promise.withResolvers<number | null>();
  readonly #flow: Pick<Flow, 'abandon'>;
  #rows: number | null = null;
  #error: ServerError | null = null;

  constructor(flow: Pick<Flow, 'abandon'>) {
    this.#flow = flow;
    this.rows = this.#settled.promise;
    this.rows.catch(() => undefined);
  }

  copyData(): void {}

  message(type: number, body: Buffer): void {
    if (type === serverMessages.commandComplete) this.#rows = decodeTagCount(body);
    // The server would wait for the data for ever.
    else if (type === serverMessages.copyInResponse)
      this.#flow.abandon(new Error('The statement asks for data.'));
  }

  error(error: ServerError): void {
    this.#error ??= error;
  }

  ready(): void {
    if (this.#error === null) this.#settled.resolve(this.#rows);
    else this.#settled.reject(this.#error);
  }

  broken(error: unknown): void {
    this.#settled.reject(this.#error ?? error);
  }
}
