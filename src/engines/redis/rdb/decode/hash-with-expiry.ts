import { damaged } from '../rdb-error.ts';
import { valueType } from '../value-types.ts';
import { ascii } from './ascii.ts';
import { type BodyCursor, bytesOf, countOf, type Decoding, numberOf, stringOf } from './body-cursor.ts';
import { CommandBatch } from './command-batch.ts';
import { Listpack } from './listpack.ts';

/** A field of a hash. */
interface Field {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
  /** Milliseconds since 1970; null: it stays. */
  readonly expireAt: bigint | null;
}

const hset = ascii('HSET');
const hpexpireat = ascii('HPEXPIREAT');
const fields = ascii('FIELDS');

/** A hash whose fields have times to live: HSET, and HPEXPIREAT where `keepsExpiry`. */
export function* hashWithExpiry(
  key: Uint8Array,
  type: number,
  cursor: BodyCursor,
  keepsExpiry: boolean,
): Decoding<readonly Uint8Array[]> {
  const batch = new CommandBatch(hset, key);
  const moments = new Map<bigint, Uint8Array[]>();
  function* flush(): Generator<readonly Uint8Array[], void> {
    if (!batch.isEmpty) yield batch.take();
    for (const [moment, names] of moments)
      yield [hpexpireat, key, ascii(moment), fields, ascii(names.length), ...names];
    moments.clear();
  }
  for (const field of fieldsOf(type, cursor)) {
    if (field === null) {
      yield null;
      continue;
    }
    const { name, value, expireAt } = field;
    if (expireAt !== null && keepsExpiry) {
      const names = moments.get(expireAt);
      if (names === undefined) moments.set(expireAt, [name]);
      else names.push(name);
    }
    if (batch.add(name, value)) yield* flush();
  }
  yield* flush();
}

function fieldsOf(type: number, cursor: BodyCursor): Decoding<Field> {
  if (type === valueType.hashMetadata) return fieldsRelative(cursor);
  return type === valueType.hashWithExpiry ? fieldsOfValkey(cursor) : fieldsOfListpack(cursor);
}

/** The lowest moment, then each field after its distance to that, plus one; 0: it stays. */
function* fieldsRelative(cursor: BodyCursor): Decoding<Field> {
  const lowest = momentIn(yield* bytesOf(cursor, 8));
  for (let left = yield* countOf(cursor); left > 0; left--) {
    const distance = yield* numberOf(cursor);
    const name = yield* stringOf(cursor);
    const value = yield* stringOf(cursor);
    yield { name, value, expireAt: distance === 0n ? null : lowest + distance - 1n };
  }
}

/** Each field with its moment behind it; -1: it stays. */
function* fieldsOfValkey(cursor: BodyCursor): Decoding<Field> {
  for (let left = yield* countOf(cursor); left > 0; left--) {
    const name = yield* stringOf(cursor);
    const value = yield* stringOf(cursor);
    const moment = momentIn(yield* bytesOf(cursor, 8));
    yield { name, value, expireAt: moment < 0n ? null : moment };
  }
}

/** A listpack of field, value, moment; 0: it stays. */
function* fieldsOfListpack(cursor: BodyCursor): Decoding<Field> {
  yield* bytesOf(cursor, 8);
  const listpack = new Listpack(yield* stringOf(cursor));
  while (!listpack.isAtEnd) {
    const name = listpack.next();
    const value = listpack.next();
    const moment = listpack.integer();
    if (moment < 0n) throw damaged('a field expires before 1970', cursor.at);
    yield { name, value, expireAt: moment === 0n ? null : moment };
  }
}

const momentIn = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true);
