import { isAscii, isUtf8 } from 'node:buffer';
import type { ColumnKind } from './column-kind.ts';

/** What better-sqlite3 binds: a number as REAL, a bigint as INTEGER, a string as TEXT, a Buffer as BLOB; and what it cannot bind. */
export type FieldValue = null | number | bigint | string | Buffer | RawText;

/** A text that is not UTF-8, which SQLite allows: to be bound as a blob and cast. */
export class RawText {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** A field of a line: its place in `bytes`, and whether it has escapes. One object serves for all fields of a unit. */
export interface Field {
  bytes: Buffer;
  start: number;
  end: number;
  escaped: boolean;
}

/** A field that cannot be what its column or letter says; the message tells what it should have been. */
export class MalformedField extends Error {}

const backslash = 92;
const letterN = 78;
const letterX = 120;
const zero = 48;
const minus = 45;
const dot = 46;

export const isNull = ({ bytes, start, end }: Field): boolean =>
  end - start === 2 && bytes[start] === backslash && bytes[start + 1] === letterN;

/** A blob begins with an escaped backslash and an x. */
const isBlob = ({ bytes, start, end }: Field): boolean =>
  end - start >= 3 &&
  bytes[start] === backslash &&
  bytes[start + 1] === backslash &&
  bytes[start + 2] === letterX;

/** How bytes become a text. */
export type TextDecoding = (bytes: Buffer, start: number, end: number) => string | RawText;

/** The quickest decoding that is right for the texts in `bytes`. */
export function decodingFor(bytes: Buffer): TextDecoding {
  if (isAscii(bytes)) return (from, start, end) => from.toString('latin1', start, end);
  if (isUtf8(bytes)) return (from, start, end) => from.toString('utf8', start, end);
  return (from, start, end) => {
    const text = from.subarray(start, end);
    return isUtf8(text) ? text.toString('utf8') : new RawText(Buffer.from(text));
  };
}

/** The value of a field in a plain line; see line-expression.ts for the rules. */
export function plainValue(kind: ColumnKind, field: Field, decode: TextDecoding): FieldValue {
  if (isNull(field)) return null;
  switch (kind) {
    case 'text':
      return textOf(field, decode);
    // In a column with the affinity of a number SQLite makes an integer of a REAL without a fraction: the cheaper way to bind one.
    case 'integer':
      return integerOf(field);
    case 'real':
      return realOf(field);
    case 'blob':
      return blobOf(field);
    case 'numeric':
      return isNumericForm(field)
        ? isRealForm(field)
          ? realOf(field)
          : integerOf(field)
        : textOf(field, decode);
    case 'any':
      if (isBlob(field)) return blobOf(field);
      if (!isNumericForm(field)) return textOf(field, decode);
      return isRealForm(field) ? realOf(field) : BigInt(integerOf(field));
  }
}

/** The value of a field whose storage class is told by a letter. */
export function taggedValue(letter: string, field: Field, decode: TextDecoding): FieldValue {
  switch (letter) {
    case 'n':
      if (!isNull(field)) throw new MalformedField('NULL');
      return null;
    case 'i':
      return BigInt(integerOf(field));
    case 'r':
      return realOf(field);
    case 't':
      return textOf(field, decode);
    case 'b':
      return blobOf(field);
    default:
      throw new MalformedField('of a known storage class');
  }
}

function integerOf({ bytes, start, end }: Field): number | bigint {
  const negative = bytes[start] === minus;
  const first = negative ? start + 1 : start;
  if (end === first) throw new MalformedField('an integer');
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) throw new MalformedField('an integer');
    value = value * 10 + digit;
  }
  // Up to 15 digits a number is exact; and there is no -0 among integers.
  if (end - first <= 15) return negative && value !== 0 ? -value : value;
  const exact = BigInt(bytes.toString('latin1', start, end));
  if (BigInt.asIntN(64, exact) !== exact) throw new MalformedField('an integer of 64 bits');
  return exact;
}

const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

function realOf(field: Field): number {
  const { bytes, start, end } = field;
  // A short decimal is the exact quotient of two exact numbers, rounded once: no need to make a string for Number().
  if (end - start <= 16) {
    const negative = bytes[start] === minus;
    let value = 0;
    let digits = 0;
    let fraction = -1;
    let at = negative ? start + 1 : start;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte >= zero && byte <= zero + 9) {
        value = value * 10 + byte - zero;
        digits++;
      } else if (byte === dot && fraction === -1) fraction = at;
      else break;
    }
    if (at === end && digits > 0) {
      const exact = fraction === -1 ? value : value / (powersOfTen[end - 1 - fraction] as number);
      return negative ? -exact : exact;
    }
  }
  const text = bytes.toString('latin1', start, end);
  if (!realPattern.test(text)) throw new MalformedField('a real number');
  return Number(text);
}

const realPattern = /^-?(?:Infinity|\d+(?:\.\d*)?(?:e[+-]?\d+)?)$/;

function blobOf(field: Field): Buffer {
  const { bytes, start, end } = field;
  if (!isBlob(field)) throw new MalformedField('a blob');
  const value = Buffer.from(bytes.toString('latin1', start + 3, end), 'hex');
  if (value.length * 2 !== end - start - 3) throw new MalformedField('a blob in hex digits');
  return value;
}

function textOf({ bytes, start, end, escaped }: Field, decode: TextDecoding): string | RawText {
  if (!escaped) return decode(bytes, start, end);
  const plain = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    let byte = bytes[at] as number;
    if (byte === backslash) {
      at++;
      byte = bytes[at] as number;
      byte = controlOf[byte] ?? byte;
    }
    plain[length++] = byte;
  }
  return decode(plain, 0, length);
}

/** The control character that a letter after a backslash stands for; anything else stands for itself. */
const controlOf: Readonly<Record<number, number>> = { 98: 8, 116: 9, 110: 10, 118: 11, 102: 12, 114: 13 };

/** Whether a field could be a number; the same rule as `looksNumeric` in line-expression.ts. */
export function isNumericForm({ bytes, start, end }: Field): boolean {
  if (start === end) return false;
  let afterDigit = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const digit = byte >= zero && byte <= zero + 9;
    if (!digit && byte !== dot && byte !== 101 && byte !== 43 && byte !== minus)
      return isInfinity(bytes, start, end);
    if (afterDigit && byte === minus) return false;
    afterDigit = digit;
  }
  return true;
}

function isInfinity(bytes: Buffer, start: number, end: number): boolean {
  const from = bytes[start] === minus ? start + 1 : start;
  return end - from === 8 && bytes.toString('latin1', from, end) === 'Infinity';
}

/** Of a number: SQLite writes a REAL with a dot always. */
function isRealForm({ bytes, start, end }: Field): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === dot || byte === 73) return true;
  }
  return false;
}
