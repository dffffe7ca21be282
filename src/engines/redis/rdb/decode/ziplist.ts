import { damaged } from '../rdb-error.ts';
import { ascii } from './ascii.ts';

const headerBytes = 10;
const endMark = 0xff;

const broken = (at: number): Error => damaged('a ziplist is broken', at);

/**
 * All elements of a ziplist: 4 bytes size, 4 bytes offset of the last one, 2 bytes count, then elements, each after the length of the one
 * before it, and 255. https://github.com/redis/redis/blob/6.2/src/ziplist.c
 */
export function* ziplistElements(bytes: Uint8Array): Generator<Uint8Array, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 1;
  if (end < headerBytes || view.getUint32(0, true) !== bytes.length || bytes[end] !== endMark)
    throw broken(0);
  let at = headerBytes;
  while (at < end) {
    at += bytes[at] === 0xfe ? 5 : 1;
    if (at >= end) throw broken(at);
    const first = bytes[at] as number;
    const head = headSize(first);
    if (at + head > end) throw broken(at);
    if (first < 0xc0) {
      const length = stringLength(view, at, first);
      const start = at + head;
      at = start + length;
      if (at > end) throw broken(start);
      yield bytes.subarray(start, at);
    } else {
      yield ascii(integerAt(view, at, first));
      at += head;
    }
  }
}

/** Of a string without, of an integer with what it stands for. */
function headSize(first: number): number {
  if (first < 0x40) return 1;
  if (first < 0x80) return 2;
  if (first < 0xc0) return 5;
  if (first > 0xf0 && first < 0xfe) return 1;
  const size = integerSizes[first];
  if (size === undefined) throw broken(0);
  return 1 + size;
}

const integerSizes: Readonly<Record<number, number>> = { 192: 2, 208: 4, 224: 8, 240: 3, 254: 1 };

function stringLength(view: DataView, at: number, first: number): number {
  if (first < 0x40) return first;
  return first < 0x80 ? view.getUint16(at) & 0x3fff : view.getUint32(at + 1);
}

function integerAt(view: DataView, at: number, first: number): number | bigint {
  switch (first) {
    case 0xc0:
      return view.getInt16(at + 1, true);
    case 0xd0:
      return view.getInt32(at + 1, true);
    case 0xe0:
      return view.getBigInt64(at + 1, true);
    case 0xf0:
      return ((view.getUint16(at + 1, true) | (view.getUint8(at + 3) << 16)) << 8) >> 8;
    case 0xfe:
      return view.getInt8(at + 1);
    default:
      return (first & 0x0f) - 1;
  }
}
