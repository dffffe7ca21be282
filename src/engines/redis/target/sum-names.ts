import { untilAborted } from '../../../core/abort-error.ts';
import { classifyRedisError } from '../classify.ts';
import type { RedisConnection } from '../client/connection.ts';
import { encodeCommand } from '../client/encode-command.ts';
import { RedisError } from '../client/reply.ts';
import { ProtocolError, type TokenSink } from '../client/resp-tokens.ts';
import { createCrc64 } from '../rdb/crc64.ts';
import type { RunningSum } from './key-sum.ts';
import { ownPrefix } from './receipts.ts';

/** Keys that the server looks at for one answer: it serves nobody else meanwhile. */
const scanCount = 4_000;

const prefix = Buffer.from(ownPrefix);

/**
 * Adds the names of all keys of the connection's logical database, but those of imports, to `sum`: by SCAN, with no object for each.
 * The connection is of no other use afterwards.
 */
export async function addNames(
  connection: RedisConnection,
  sum: RunningSum,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClosed = (): void => reject(connection.closed.reason);
  if (connection.closed.aborted) throw connection.closed.reason;
  connection.closed.addEventListener('abort', onClosed, { once: true });
  const ask = (cursor: Uint8Array | string): void => {
    const written = connection.send(encodeCommand(['SCAN', cursor, 'COUNT', scanCount]), 1);
    written?.catch(() => undefined);
  };
  connection.onTokens(new NameSummer(sum, ask, resolve, reject));
  ask('0');
  try {
    await untilAborted(signal, promise);
  } finally {
    connection.closed.removeEventListener('abort', onClosed);
  }
}

/** Reads answers of the form `[cursor, [name, name ...]]`. The next one is asked for as soon as the cursor is known. */
class NameSummer implements TokenSink {
  readonly #sum: RunningSum;
  readonly #ask: (cursor: Uint8Array) => void;
  readonly #done: () => void;
  readonly #fail: (error: unknown) => void;
  readonly #crc = createCrc64();
  /** The beginning of what comes: as much as a prefix or a cursor has. */
  readonly #head = Buffer.alloc(32);
  #headBytes = 0;
  #state: 'answer' | 'cursor' | 'names' | 'name' = 'answer';
  #left = 0;
  #isLast = false;

  constructor(
    sum: RunningSum,
    ask: (cursor: Uint8Array) => void,
    done: () => void,
    fail: (error: unknown) => void,
  ) {
    this.#sum = sum;
    this.#ask = ask;
    this.#done = done;
    this.#fail = fail;
  }

  array(length: number): void {
    if (this.#state === 'answer') this.#state = 'cursor';
    else if (this.#state === 'names') {
      this.#left = length;
      this.#state = 'name';
      if (length === 0) this.#end();
    } else this.#unexpected();
  }

  bulk(): void {
    this.#headBytes = 0;
    this.#crc.reset();
  }

  data(chunk: Buffer, start: number, end: number): void {
    const wanted = Math.min(end - start, this.#head.length - this.#headBytes);
    if (wanted > 0) {
      chunk.copy(this.#head, this.#headBytes, start, start + wanted);
      this.#headBytes += wanted;
    }
    if (this.#state === 'name') this.#crc.add(chunk, start, end);
  }

  bulkEnd(): void {
    if (this.#state === 'cursor') {
      const cursor = Uint8Array.prototype.slice.call(this.#head, 0, this.#headBytes);
      this.#isLast = cursor.length === 1 && cursor[0] === 0x30;
      this.#state = 'names';
      if (!this.#isLast) this.#ask(cursor);
      return;
    }
    if (this.#state !== 'name') this.#unexpected();
    if (!this.#isOwn()) this.#sum.add(this.#crc);
    this.#left -= 1;
    if (this.#left === 0) this.#end();
  }

  error(line: string): void {
    this.#fail(classifyRedisError(new RedisError(line), 'compare keys'));
  }

  ok(): void {
    this.#unexpected();
  }

  simple(): void {
    this.#unexpected();
  }

  integer(): void {
    this.#unexpected();
  }

  nil(): void {
    this.#unexpected();
  }

  #isOwn(): boolean {
    return (
      this.#headBytes >= prefix.length && this.#head.compare(prefix, 0, prefix.length, 0, prefix.length) === 0
    );
  }

  #end(): void {
    this.#state = 'answer';
    if (this.#isLast) this.#done();
  }

  #unexpected(): never {
    throw new ProtocolError('The server answers SCAN in a form that is not its own.');
  }
}
