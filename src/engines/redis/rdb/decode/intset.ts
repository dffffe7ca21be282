import { damaged } from '../rdb-error.ts';
import { ascii } from './ascii.ts';

const headerBytes = 8;

/** All members of an intset: 4 bytes width, 4 bytes count, then integers of that width, all little endian. */
export function* intsetElements(bytes: Uint8Array): Generator<Uint8Array, void> {
  if (bytes.length < headerBytes) throw damaged('an intset is broken', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint32(0, true);
  const count = view.getUint32(4, true);
  const isWhole = (width === 2 || width === 4 || width === 8) && bytes.length === headerBytes + width * count;
  if (!isWhole) throw damaged('an intset is broken', 0);
  for (let at = headerBytes; at < bytes.length; at += width) {
    if (width === 8) yield ascii(view.getBigInt64(at, true));
    else yield ascii(width === 4 ? view.getInt32(at, true) : view.getInt16(at, true));
  }
}
