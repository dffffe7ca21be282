import type { Exchange } from './exchange.ts';
import { decodeRow, type ServerError, serverMessages } from './messages.ts';

/** The values of a row, as text. */
export type Row = readonly (string | null)[];

/** Statements whose rows are few enough to be kept. */
export class QueryExchange implements Exchange {
  readonly isBulk = false;
  /** Settles when the server is ready: the rows of the last statement, or the first error. */
  readonly rows: Promise<readonly Row[]>;

  readonly #settled = Promise.withResolvers<readonly Row[]>();
  #current: Row[] = [];
  #last: Row[] = [];
  #error: ServerError | null = null;

  constructor() {
    this.rows = this.#settled.promise;
    this.rows.catch(() => undefined);
  }

  copyData(): void {}

  message(type: number, body: Buffer): void {
    if (type === serverMessages.dataRow) this.#current.push(decodeRow(body));
    else if (type === serverMessages.commandComplete) {
      this.#last = this.#current;
      this.#current = [];
    }
  }

  error(error: ServerError): void {
    this.#error ??= error;
  }

  ready(): void {
    if (this.#error === null) this.#settled.resolve(this.#last);
    else this.#settled.reject(this.#error);
  }

  broken(error: unknown): void {
    this.#settled.reject(this.#error ?? error);
  }
}
