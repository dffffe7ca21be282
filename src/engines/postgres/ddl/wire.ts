/**
 * The little of PostgreSQL's protocol 3.0 that relaying takes: a message is a type byte, a length (Int32, itself
 * included), a body; the start-up packet alone has no type byte.
 * Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

export const messageTypes = {
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
  readyForQuery: 0x5a, // Z
  errorResponse: 0x45, // E
  dataRow: 0x44, // D
} as const;

const sslRequestCode = 80877103;
const gssEncryptionRequestCode = 80877104;

const headerLength = 5;

/** A whole message made of its body. */
export function message(type: number, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const header = Buffer.alloc(headerLength);
  header[0] = type;
  header.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

export const cString = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const queryMessage = (sql: string): Buffer => message(messageTypes.query, cString(sql));

/** What a server says to the start-up packet of a client that it lets in without asking for a password. */
export function startupAnswer(session: {
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: Buffer | number;
}): Buffer {
  const key = typeof session.secretKey === 'number' ? int32(session.secretKey | 0) : session.secretKey;
  return Buffer.concat([
    message(0x52, int32(0)), // AuthenticationOk
    ...Array.from(session.parameters, ([name, value]) => message(0x53, cString(name), cString(value))),
    message(0x4b, int32(session.processId), key), // BackendKeyData
    message(messageTypes.readyForQuery, Buffer.from('I')),
  ]);
}

/** What a client has sent so far, as one of the things that it can want. */
export type ClientRequest =
  | { readonly kind: 'startup' | 'encryption' | 'unfinished' | 'end' }
  /** Whole messages up to one that the server answers with ReadyForQuery. */
  | { readonly kind: 'messages'; readonly bytes: Uint8Array };

/** Gathers the pieces in which a client writes, until they make a request. */
export class RequestReader {
  private pending = Buffer.alloc(0);
  private started = false;

  /** `piece` is copied. A request other than `unfinished` uses up everything given so far. */
  take(piece: Uint8Array): ClientRequest {
    this.pending = Buffer.concat([this.pending, piece]);
    const request = this.started ? this.readMessages() : this.readStartup();
    if (request.kind !== 'unfinished') this.pending = Buffer.alloc(0);
    return request;
  }

  private readStartup(): ClientRequest {
    if (this.pending.length < 8 || this.pending.length < this.pending.readInt32BE(0)) {
      return { kind: 'unfinished' };
    }
    const code = this.pending.readInt32BE(4);
    if (code === sslRequestCode || code === gssEncryptionRequestCode) return { kind: 'encryption' };
    this.started = true;
    return { kind: 'startup' };
  }

  private readMessages(): ClientRequest {
    let last = 0;
    let offset = 0;
    while (offset + headerLength <= this.pending.length) {
      last = this.pending[offset] ?? 0;
      offset += 1 + this.pending.readInt32BE(offset + 1);
    }
    if (offset !== this.pending.length) return { kind: 'unfinished' };
    if (last === messageTypes.terminate) return { kind: 'end' };
    const answered = last === messageTypes.query || last === messageTypes.sync;
    return answered ? { kind: 'messages', bytes: this.pending } : { kind: 'unfinished' };
  }
}

/** Calls back for each message of a server's answer that arrives in pieces of any size. */
export class AnswerReader {
  private header = Buffer.alloc(headerLength);
  private headerFilled = 0;
  private bodyLeft = 0;
  private body: Buffer[] | null = null;

  private readonly wanted: ReadonlySet<number>;
  private readonly onMessage: (type: number, body: Buffer) => void;

  /** Bodies of the types in `wanted` are handed over; the others are skipped. */
  constructor(wanted: readonly number[], onMessage: (type: number, body: Buffer) => void) {
    this.wanted = new Set(wanted);
    this.onMessage = onMessage;
  }

  take(piece: Buffer): void {
    let offset = 0;
    while (offset < piece.length) {
      if (this.headerFilled < headerLength) {
        const copied = piece.copy(this.header, this.headerFilled, offset);
        this.headerFilled += copied;
        offset += copied;
        if (this.headerFilled < headerLength) return;
        this.bodyLeft = this.header.readInt32BE(1) - 4;
        this.body = this.wanted.has(this.type()) ? [] : null;
      }
      const part = piece.subarray(offset, offset + this.bodyLeft);
      this.body?.push(part);
      this.bodyLeft -= part.length;
      offset += part.length;
      if (this.bodyLeft > 0) return;
      this.headerFilled = 0;
      if (this.body !== null) this.onMessage(this.type(), Buffer.concat(this.body));
    }
  }

  private type(): number {
    return this.header[0] ?? 0;
  }
}

/** The fields of an ErrorResponse by their letter: C is the SQLSTATE, M the message, D the detail, H the hint. */
export function errorFields(body: Buffer): ReadonlyMap<string, string> {
  const fields = body.toString('utf8').split('\0');
  return new Map(fields.filter((field) => field !== '').map((field) => [field.slice(0, 1), field.slice(1)]));
}

/** The columns of a DataRow in text format. */
export function rowFields(body: Buffer): readonly (string | null)[] {
  const fields: (string | null)[] = [];
  let offset = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const length = body.readInt32BE(offset);
    offset += 4;
    fields.push(length < 0 ? null : body.toString('utf8', offset, offset + length));
    offset += Math.max(length, 0);
  }
  return fields;
}
