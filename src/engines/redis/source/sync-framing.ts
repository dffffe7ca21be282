import { AppError } from '../../../core/errors.ts';
import { RedisError } from '../client/reply.ts';

/** How the server says where its RDB ends: by 40 bytes that follow it, or by its length. */
export type Framing =
  | { readonly kind: 'mark'; readonly mark: Buffer }
  | { readonly kind: 'length'; readonly bytes: number };

export const markBytes = 40;

/** No header is longer; a refusal may be. */
const longestHeader = 4_096;

/** Reads what comes after SYNC and before the RDB: keep-alives, line feeds each, then the header. */
export class SyncHeader {
  #line: Buffer = Buffer.alloc(0);
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  /**
   * What the header says and where in `chunk` the RDB begins; null when it is not whole yet. Throws a RedisError when the server refuses,
   * and an AppError for what is no header.
   */
  push(chunk: Buffer): { readonly framing: Framing; readonly end: number } | null {
    let start = 0;
    if (this.#line.length === 0) while (chunk[start] === 0x0a) start += 1;
    const feed = chunk.indexOf(0x0a, start);
    const end = feed === -1 ? chunk.length : feed + 1;
    this.#line = Buffer.concat([this.#line, chunk.subarray(start, end)]);
    if (this.#line.length > longestHeader) throw noHeader(this.#server);
    return feed === -1 ? null : { framing: this.#parse(this.#line.toString('latin1').trimEnd()), end };
  }

  #parse(line: string): Framing {
    if (line.startsWith('-')) throw new RedisError(line.slice(1), this.#server);
    const mark = /^\$EOF:([\x21-\x7e]{40})$/.exec(line)?.[1];
    if (mark !== undefined) return { kind: 'mark', mark: Buffer.from(mark, 'latin1') };
    const length = /^\$(\d{1,16})$/.exec(line)?.[1];
    if (length === undefined) throw noHeader(this.#server);
    return { kind: 'length', bytes: Number(length) };
  }
}

const noHeader = (server: string): AppError =>
  new AppError('database-unreachable', {
    message: `The database server ${server} answered SYNC with something that is no snapshot.`,
    hint: 'Use snapshot=scan in the database URL: a proxy or service may stand between us and the server.',
    operation: 'ask for a snapshot',
    temporary: false,
  });
