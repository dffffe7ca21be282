import { RedisError, type Reply } from './reply.ts';
import type { TokenSink } from './resp-tokens.ts';

/** Gets whole replies; `ok` stands for one that was `+OK`. */
export interface ReplySink {
  ok(): void;
  reply(reply: Reply): void;
}

interface OpenArray {
  readonly items: Reply[];
  left: number;
}

/** Puts tokens together again. */
export class ReplyBuilder implements TokenSink {
  readonly #sink: ReplySink;
  readonly #server: string;
  readonly #open: OpenArray[] = [];
  #bulk: Uint8Array = new Uint8Array(0);
  #filled = 0;

  /** @param server as messages show it */
  constructor(sink: ReplySink, server: string) {
    this.#sink = sink;
    this.#server = server;
  }

  ok(): void {
    if (this.#open.length === 0) this.#sink.ok();
    else this.#add('OK');
  }

  simple(text: string): void {
    this.#add(text);
  }

  error(line: string): void {
    this.#add(new RedisError(line, this.#server));
  }

  integer(value: number): void {
    this.#add(value);
  }

  nil(): void {
    this.#add(null);
  }

  array(length: number): void {
    if (length === 0) this.#add([]);
    else this.#open.push({ items: [], left: length });
  }

  bulk(length: number): void {
    this.#bulk = new Uint8Array(length);
    this.#filled = 0;
  }

  data(chunk: Buffer, start: number, end: number): void {
    this.#bulk.set(chunk.subarray(start, end), this.#filled);
    this.#filled += end - start;
  }

  bulkEnd(): void {
    this.#add(this.#bulk);
  }

  #add(value: Reply): void {
    let done: Reply = value;
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      open.items.push(done);
      open.left -= 1;
      if (open.left > 0) return;
      this.#open.pop();
      done = open.items;
    }
    this.#sink.reply(done);
  }
}
