/** Types of the messages that a server sends. */
export const serverMessages = {
  commandComplete: 0x43, // C
  copyBothResponse: 0x57, // W
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  errorResponse: 0x45, // E
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterStatus: 0x53, // S
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

/** An error that the server reported. */
export class ServerError extends Error {
  /** SQLSTATE: five characters. */
  readonly sqlState: string;
  readonly severity: string;
  readonly detail: string | null;
  readonly schema: string | null;
  readonly table: string | null;
  readonly constraint: string | null;

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get('M') ?? 'The server reported an error without a message.');
    this.name = 'ServerError';
    this.sqlState = fields.get('C') ?? 'XX000';
    this.severity = fields.get('V') ?? fields.get('S') ?? 'ERROR';
    this.detail = fields.get('D') ?? null;
    this.schema = fields.get('s') ?? null;
    this.table = fields.get('t') ?? null;
    this.constraint = fields.get('n') ?? null;
  }
}

/** ErrorResponse: pairs of a field's letter and a C string, ended by a zero byte. */
export function decodeError(body: Buffer): ServerError {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1);
    fields.set(String.fromCharCode(body[at] as number), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  return new ServerError(fields);
}

/** The values of a DataRow in text format. */
export function decodeRow(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    if (length === -1) values.push(null);
    else {
      values.push(body.toString('utf8', at, at + length));
      at += length;
    }
  }
  return values;
}

/** ParameterStatus: name and value. */
export function decodeParameter(body: Buffer): readonly [string, string] {
  const [name = '', value = ''] = body.toString('utf8').split('\0');
  return [name, value];
}

/** The rows that a command's tag counts: `COPY 15`, `INSERT 0 1`; null for a tag without a count. */
export function decodeTagCount(body: Buffer): number | null {
  const match = / (\d+)\0$/.exec(body.toString('latin1'));
  return match === null ? null : Number(match[1]);
}

/** The same, 0 for a tag without a count. */
export const decodeRowCount = (body: Buffer): number => decodeTagCount(body) ?? 0;

/** A message of the client made of its body. */
function clientMessage(type: string, ...body: readonly Buffer[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 4);
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeInt32BE(length, 1);
  return Buffer.concat([header, ...body]);
}

const cString = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

function int16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => {
    bytes.writeInt16BE(value, i * 2);
  });
  return bytes;
}

function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeInt32BE(value, i * 4);
  });
  return bytes;
}

/** One or more statements of the simple protocol. */
export const queryMessage = (sql: string): Buffer => clientMessage('Q', cString(sql));

/** One statement with parameters, as text, up to its Sync: Parse, Bind, Execute, all unnamed. */
export function parameterQueryMessage(sql: string, values: readonly (string | null)[]): Buffer {
  const parameters = values.map((value) => {
    if (value === null) return int32(-1);
    const bytes = Buffer.from(value, 'utf8');
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return Buffer.concat([
    clientMessage('P', cString(''), cString(sql), int16(0)),
    clientMessage('B', cString(''), cString(''), int16(0, values.length), ...parameters, int16(0)),
    clientMessage('E', cString(''), int32(0)),
    clientMessage('S'),
  ]);
}

/** What stands before `length` bytes of a COPY's data. */
export function copyDataHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = 0x64;
  header.writeInt32BE(length + 4, 1);
  return header;
}

export const copyDoneMessage: Buffer = clientMessage('c');
export const copyFailMessage = (reason: string): Buffer => clientMessage('f', cString(reason));
export const terminateMessage: Buffer = clientMessage('X');

/** The first packet of a connection that asks for TLS. */
export const sslRequest: Buffer = int32(8, 80_877_103);
/** The only packet of a connection that cancels another's statement. */
export const cancelRequest = (processId: number, secretKey: number): Buffer =>
  int32(16, 80_877_102, processId, secretKey | 0);
