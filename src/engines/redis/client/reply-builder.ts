import { RedisError, type Reply } from './reply.ts';
import { ProtocolError, type TokenSink } from './resp-tokens.ts';

/** Gets whole replies; `ok` stands for one that was `+OK`. */
export interface ReplySink {
  ok(): void;
  reply(reply: Reply): void;
}

interface OpenArray {
  readonly items: Reply[];
  left: number;
}

/** Bytes that a whole reply may take; what is larger is read by its tokens. It is the longest string that servers take by themselves. */
const largestReply = 512 * 1024 * 1024;
/** What a value takes besides its bytes, at most. */
const valueBytes = 256;

/** Puts tokens together again. Throws a ProtocolError for a reply that memory would be filled with. */
export class ReplyBuilder implements TokenSink {
  readonly #sink: ReplySink;
  readonly #server: string;
  readonly #open: OpenArray[] = [];
  #bulk: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #bytes = 0;

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
    this.#weigh(text.length);
    this.#add(text);
  }

  error(line: string): void {
    this.#weigh(line.length);
    this.#add(new RedisError(line, this.#server));
  }

  integer(value: number): void {
    this.#add(value);
  }

  nil(): void {
    this.#add(null);
  }

  array(length: number): void {
    this.#weigh(valueBytes);
    if (length === 0) this.#add([]);
    else this.#open.push({ items: [], left: length });
  }

  bulk(length: number): void {
    this.#weigh(length);
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

  #weigh(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= largestReply) return;
    throw new ProtocolError(
      `The server answered with more than ${largestReply} bytes where a short answer is due.`,
    );
  }

  #add(value: Reply): void {
    this.#weigh(valueBytes);
    let done: Reply = value;
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      open.items.push(done);
      open.left -= 1;
      if (open.left > 0) return;
      this.#open.pop();
      done = open.items;
    }
    this.#bytes = 0;
    this.#sink.reply(done);
  }
}
