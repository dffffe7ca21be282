import { abortError } from '../../core/abort-error.ts';
import { AppError } from '../../core/errors.ts';
import type { Connection } from './wire/connection.ts';
import { ServerError } from './wire/messages.ts';

/** Up to `lanes` connections, opened when they are needed and kept until disposed. */
export class ConnectionPool implements AsyncDisposable {
  readonly #open: (signal: AbortSignal) => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #leased = new Set<Connection>();
  readonly #waiting: (() => void)[] = [];
  #lanes: number;
  #opening = 0;
  #closed = false;

  constructor(open: (signal: AbortSignal) => Promise<Connection>, lanes: number) {
    this.#open = open;
    this.#lanes = lanes;
  }

  /** More lanes from now on; never fewer. */
  widen(lanes: number): void {
    this.#lanes = Math.max(this.#lanes, lanes);
    this.#wakeAll();
  }

  /** Lends a connection for `work`. */
  async use<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire(signal);
    try {
      return await work(connection);
    } finally {
      await this.release(connection);
    }
  }

  /** A connection, for the caller alone, without a transaction unless it was released in one; waits while all are lent. */
  async acquire(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      if (signal.aborted) throw abortError(signal);
      if (this.#closed) throw new AppError('aborted', { message: 'The database session was closed.' });
      const connection = this.#idle.pop() ?? (await this.#openOne(signal));
      if (connection?.isIdle) {
        this.#leased.add(connection);
        return connection;
      }
      if (connection !== undefined) this.#leased.delete(connection);
      else if (this.#idle.length === 0) await this.#turn(signal);
    }
  }

  /** One that is broken, or in a transaction that is not meant to go on, is not used again. */
  async release(connection: Connection, transactionGoesOn = false): Promise<void> {
    this.#leased.delete(connection);
    const isGood = connection.isIdle && (transactionGoesOn || !connection.isInTransaction);
    if (isGood && !this.#closed) this.#idle.push(connection);
    else await connection[Symbol.asyncDispose]();
    this.#wakeAll();
  }

  /** Of the server's processes that serve the lent connections, as the server names them. */
  get processIds(): readonly number[] {
    return Array.from(this.#leased, ({ raw }) => raw.processId);
  }

  /** As `use`, with a connection of its own beside the lanes. */
  async useAside<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
    await using connection = await this.#open(signal);
    return await work(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
    const all = [...this.#idle, ...this.#leased];
    this.#idle.length = 0;
    await Promise.all(all.map((connection) => connection[Symbol.asyncDispose]()));
  }

  /** Undefined when all lanes are taken. */
  async #openOne(signal: AbortSignal): Promise<Connection | undefined> {
    if (this.#leased.size + this.#opening >= this.#lanes) return undefined;
    this.#opening++;
    try {
      const connection = await this.#open(signal);
      if (!this.#closed) {
        // Counted from here on: whoever is refused meanwhile must know that there is one to wait for.
        this.#leased.add(connection);
        return connection;
      }
      await connection[Symbol.asyncDispose]();
      return undefined;
    } catch (error) {
      // The server has no more: make do with those that there are, or that are being opened.
      const full = error instanceof ServerError && error.sqlState === '53300';
      const others = this.#leased.size + this.#idle.length + this.#opening - 1;
      if (full && others > 0) {
        this.#lanes = Math.min(this.#lanes, others);
        return undefined;
      }
      // Who waits for a connection that will not come has to find out himself.
      this.#wakeAll();
      throw error;
    } finally {
      this.#opening--;
    }
  }

  /** Resolves when something came back, or rejects on an abort. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(wake);
    });
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
