import { damaged } from '../rdb-error.ts';
import { valueType } from '../value-types.ts';
import { ascii, scoreText } from './ascii.ts';
import { type BodyCursor, bytesOf, countOf, type Decoding, stringOf } from './body-cursor.ts';
import { intsetElements } from './intset.ts';
import { listpackElements } from './listpack.ts';
import { ziplistElements } from './ziplist.ts';
import { zipmapElements } from './zipmap.ts';

/** The arguments that make up a collection, in their order: elements; members each before its score; fields each before its value. */
export function* elementsOf(type: number, cursor: BodyCursor): Decoding<Uint8Array> {
  const blob = blobs[type];
  if (blob !== undefined) {
    yield* blob(yield* stringOf(cursor));
    return;
  }
  const perElement = type === valueType.hash ? 2 : 1;
  for (let left = (yield* countOf(cursor)) * perElement; left > 0; left--) {
    if (type === valueType.listQuicklist) yield* ziplistElements(yield* stringOf(cursor));
    else if (type === valueType.listQuicklist2) yield* nodeElements(cursor);
    else yield yield* stringOf(cursor);
    if (type === valueType.zset) yield scoreText(yield* binaryDouble(cursor));
    if (type === valueType.zsetAscii) yield yield* asciiDouble(cursor);
  }
}

const blobs: Readonly<Record<number, (bytes: Uint8Array) => Iterable<Uint8Array>>> = {
  [valueType.hashZipmap]: zipmapElements,
  [valueType.listZiplist]: ziplistElements,
  [valueType.setIntset]: intsetElements,
  [valueType.zsetZiplist]: ziplistElements,
  [valueType.hashZiplist]: ziplistElements,
  [valueType.hashListpack]: listpackElements,
  [valueType.zsetListpack]: listpackElements,
  [valueType.setListpack]: listpackElements,
};

const plainNode = 1;
const packedNode = 2;

/** A node of a list: one long element, or a listpack of them. */
function* nodeElements(cursor: BodyCursor): Decoding<Uint8Array> {
  const kind = yield* countOf(cursor);
  if (kind !== plainNode && kind !== packedNode)
    throw damaged('a list has a node of no known kind', cursor.at);
  const content = yield* stringOf(cursor);
  if (kind === plainNode) yield content;
  else yield* listpackElements(content);
}

function* binaryDouble(cursor: BodyCursor): Decoding<never, number> {
  const bytes = yield* bytesOf(cursor, 8);
  const score = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  if (Number.isNaN(score)) throw damaged('a score is not a number', cursor.at);
  return score;
}

const notANumber = 253;
const positiveInfinity = 254;
const negativeInfinity = 255;

function* asciiDouble(cursor: BodyCursor): Decoding<never, Uint8Array> {
  const length = (yield* bytesOf(cursor, 1))[0] as number;
  if (length === positiveInfinity) return ascii('inf');
  if (length === negativeInfinity) return ascii('-inf');
  if (length === notANumber) throw damaged('a score is not a number', cursor.at);
  return yield* bytesOf(cursor, length);
}
