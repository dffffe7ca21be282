import { damaged } from '../rdb-error.ts';

const endMark = 0xff;
const longMark = 0xfe;

const broken = (at: number): Error => damaged('a zipmap is broken', at);

/** Fields and values in turn: 1 byte count, then each string after its length, a value after one more byte that says how much is unused behind it, and 255. */
export function* zipmapElements(bytes: Uint8Array): Generator<Uint8Array, void> {
  const end = bytes.length - 1;
  if (end < 1 || bytes[end] !== endMark) throw broken(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 1;
  for (let isValue = false; at < end || isValue; isValue = !isValue) {
    const first = bytes[at] as number;
    const isLong = first === longMark;
    if (at >= end || first === endMark || (isLong && at + 5 > end)) throw broken(at);
    const length = isLong ? view.getUint32(at + 1, true) : first;
    at += isLong ? 5 : 1;
    let unused = 0;
    if (isValue) unused = bytes[at++] as number;
    const start = at;
    at += length + unused;
    if (at > end) throw broken(start);
    yield bytes.subarray(start, start + length);
  }
}
