/** What a server answers. Simple strings come as `string`, bulk strings as bytes of their own memory, integers as numbers. */
export type Reply = string | number | Uint8Array | null | RedisError | readonly Reply[];

/** More than a server says; whoever sends it wants to fill logs. */
const longestMessage = 2000;

/** An answer that begins with `-`: the server refuses, in its own words. */
export class RedisError extends Error {
  /** The first word: `NOAUTH`, `NOPERM`, `MOVED`, `OOM`, `BUSYKEY`, `ERR` ... */
  readonly code: string;
  /** The server, as messages show it; '' where it is not known. */
  readonly server: string;

  constructor(line: string, server = '') {
    // It ends in logs and on terminals, which control characters would rule.
    super(line.slice(0, longestMessage).replaceAll(/\p{Cc}+/gu, ' '));
    this.name = 'RedisError';
    this.code = /^[A-Z]+/.exec(line)?.[0] ?? 'ERR';
    this.server = server;
  }
}

/** A bulk or simple string as text; '' for everything else. */
export const replyText = (reply: Reply | undefined): string =>
  typeof reply === 'string' ? reply : reply instanceof Uint8Array ? Buffer.from(reply).toString() : '';

/** The items of an array; none for everything else. */
export const replyItems = (reply: Reply | undefined): readonly Reply[] =>
  Array.isArray(reply) ? (reply as readonly Reply[]) : [];
