/**
 * The server's side of protocol 3.0: each message is a type byte, a length (Int32, itself included) and a body.
 * Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const headerLength = 5;
const copyDataType = 0x64; // d
/** PostgreSQL sends no message above 1 GiB; more means that the stream is out of step. */
const longestBody = 0x4000_0000;

/** What a {@link FrameReader} finds. Both are called synchronously, and the bytes are only lent for the call. */
export interface FrameSink {
  /** The next piece of a COPY's data, of one message or many: `source` from `start` to `end`. Where messages begin and end is not kept. */
  copyData(source: Buffer, start: number, end: number): void;
  /** A whole message of any other type. */
  message(type: number, body: Buffer): void;
}

/** Cuts a byte stream into messages; a COPY's data passes without an object or a copy per row. */
export class FrameReader {
  readonly #header = Buffer.alloc(headerLength);
  #headerFilled = 0;
  #bodyLeft = 0;
  #bodyParts: Buffer[] = [];

  /** Throws when the bytes cannot be of this protocol. The bytes of a COPY's data in `chunk` are moved about. */
  feed(chunk: Buffer, sink: FrameSink): void {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#headerFilled === 0) {
        at = passWholeFrames(chunk, at, sink);
        if (at === end) return;
      }
      if (this.#headerFilled < headerLength) {
        const taken = Math.min(headerLength - this.#headerFilled, end - at);
        chunk.copy(this.#header, this.#headerFilled, at, at + taken);
        this.#headerFilled += taken;
        at += taken;
        if (this.#headerFilled < headerLength) return;
        this.#bodyLeft = bodyLength(this.#header, 0);
      } else {
        const taken = Math.min(this.#bodyLeft, end - at);
        if (this.#header[0] === copyDataType) sink.copyData(chunk, at, at + taken);
        else this.#bodyParts.push(Buffer.from(chunk.subarray(at, at + taken)));
        this.#bodyLeft -= taken;
        at += taken;
      }
      if (this.#bodyLeft === 0) this.#finish(sink);
    }
  }

  #finish(sink: FrameSink): void {
    const type = this.#header[0] as number;
    const parts = this.#bodyParts;
    this.#headerFilled = 0;
    this.#bodyParts = [];
    if (type !== copyDataType) sink.message(type, Buffer.concat(parts));
  }
}

/**
 * Handles the messages that lie wholly in `chunk` from `at` on; returns where the first one begins that does not. A row is a message of its
 * own: the data of those that follow each other is pushed together in place, so that it is copied once for all, not once for each row.
 */
function passWholeFrames(chunk: Buffer, at: number, sink: FrameSink): number {
  const end = chunk.length;
  let runStart = 0;
  let runEnd = 0;
  const passRun = (): void => {
    if (runEnd > runStart) sink.copyData(chunk, runStart, runEnd);
    runStart = 0;
    runEnd = 0;
  };
  while (end - at >= headerLength) {
    const bodyEnd = at + headerLength + bodyLength(chunk, at);
    if (bodyEnd > end) break;
    const bodyStart = at + headerLength;
    if (chunk[at] !== copyDataType) {
      passRun();
      sink.message(chunk[at] as number, chunk.subarray(bodyStart, bodyEnd));
    } else if (runEnd === runStart) {
      runStart = bodyStart;
      runEnd = bodyEnd;
    } else {
      chunk.copyWithin(runEnd, bodyStart, bodyEnd);
      runEnd += bodyEnd - bodyStart;
    }
    at = bodyEnd;
  }
  passRun();
  return at;
}

function bodyLength(bytes: Buffer, at: number): number {
  const length =
    (((bytes[at + 1] as number) << 24) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 8) |
      (bytes[at + 4] as number)) -
    4;
  if (length >= 0 && length <= longestBody) return length;
  throw new Error('The server sent bytes that are not of the PostgreSQL protocol.');
}
