/** Gets what a server says, piece by piece. No object is made for it. */
export interface TokenSink {
  /** `+OK`, by far the commonest simple string. */
  ok(): void;
  simple(text: string): void;
  /** `line` without the `-`. */
  error(line: string): void;
  integer(value: number): void;
  nil(): void;
  /** So many values follow. */
  array(length: number): void;
  /** So many bytes follow by `data`, none for an empty string, then `bulkEnd`. */
  bulk(length: number): void;
  /** The piece of `chunk` is lent for the call. */
  data(chunk: Buffer, start: number, end: number): void;
  bulkEnd(): void;
}

/** A line of a reply is shorter, whatever a server may say. */
const longestLine = 64 * 1024;
/** No server has a string or an array of this length. */
const absurdLength = 2 ** 40;

const carriageReturn = 13;
const lineFeed = 10;

/** Thrown when the other side does not speak RESP 2. */
export class ProtocolError extends Error {
  readonly code = 'EPROTO';
}

/** Takes RESP 2 apart as it comes, in chunks that may end anywhere. */
export class RespTokens {
  /** May be changed between two replies. */
  sink: TokenSink;
  /** Of a line whose end has not come. */
  #rest: Buffer | null = null;
  /** Of a bulk string: bytes that have not come, and then its line end. */
  #left = 0;
  #lineEnd = 0;

  constructor(sink: TokenSink) {
    this.sink = sink;
  }

  /** Lends `chunk` to the sink. Throws a ProtocolError, or what the sink throws; it must not be called again then. */
  push(chunk: Buffer): void {
    let at = 0;
    const end = chunk.length;
    while (at < end) {
      if (this.#left > 0) {
        const stop = Math.min(end, at + this.#left);
        this.#left -= stop - at;
        this.sink.data(chunk, at, stop);
        at = stop;
      } else if (this.#lineEnd > 0) {
        if (chunk[at] !== (this.#lineEnd === 2 ? carriageReturn : lineFeed))
          throw broken('a string of another length');
        at += 1;
        this.#lineEnd -= 1;
        if (this.#lineEnd === 0) this.sink.bulkEnd();
      } else {
        at = this.#line(chunk, at, end);
      }
    }
  }

  #line(chunk: Buffer, start: number, end: number): number {
    const feed = chunk.indexOf(lineFeed, start);
    if (feed === -1) {
      const more = chunk.subarray(start, end);
      this.#rest = this.#rest === null ? Buffer.from(more) : Buffer.concat([this.#rest, more]);
      if (this.#rest.length > longestLine) throw broken('a line without an end');
      return end;
    }
    if (this.#rest === null) {
      this.#token(chunk, start, feed);
    } else {
      const line = Buffer.concat([this.#rest, chunk.subarray(start, feed + 1)]);
      this.#rest = null;
      this.#token(line, 0, line.length - 1);
    }
    return feed + 1;
  }

  /** @param feed where the line feed is */
  #token(bytes: Buffer, start: number, feed: number): void {
    const end = feed - 1;
    if (end <= start || bytes[end] !== carriageReturn) throw broken('a line that is none');
    const { sink } = this;
    switch (bytes[start]) {
      case 0x2b: // +
        if (end - start === 3 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x4b) sink.ok();
        else sink.simple(bytes.toString('utf8', start + 1, end));
        return;
      case 0x2d: // -
        sink.error(bytes.toString('utf8', start + 1, end));
        return;
      case 0x3a: // :
        sink.integer(wholeNumber(bytes, start + 1, end));
        return;
      case 0x24: {
        // $
        const length = lengthAt(bytes, start + 1, end);
        if (length < 0) {
          sink.nil();
          return;
        }
        this.#left = length;
        this.#lineEnd = 2;
        sink.bulk(length);
        return;
      }
      case 0x2a: {
        // *
        const length = lengthAt(bytes, start + 1, end);
        if (length < 0) sink.nil();
        else sink.array(length);
        return;
      }
      default:
        throw broken(`a reply that begins with byte ${bytes[start]}`);
    }
  }
}

function wholeNumber(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === 0x2d;
  let value = 0;
  const first = isNegative ? start + 1 : start;
  if (first >= end) throw broken('a number without digits');
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) throw broken('a number that is none');
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

function lengthAt(bytes: Buffer, start: number, end: number): number {
  const length = wholeNumber(bytes, start, end);
  if (length >= absurdLength) throw broken('an absurd length');
  return length;
}

const broken = (what: string): ProtocolError =>
  new ProtocolError(`The server does not speak the protocol of Redis: it sent ${what}.`);
