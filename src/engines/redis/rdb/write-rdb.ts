import { type Crc64, createCrc64 } from './crc64.ts';
import type { RdbFormat } from './format.ts';
import { opcode } from './programs.ts';

/**
 * Makes the parts of an RDB file that are not values. The caller writes them out in order (header, then for each database `selectDatabase`
 * and its entries, `end` at last), and adds all that it writes, apart from `end`, to `crc`.
 */
export interface RdbWriter {
  /** Magic and the facts about who wrote it: `{'redis-ver': '7.0.15'}`. */
  header(aux: Readonly<Record<string, string>>): Uint8Array;
  /** Begins a logical database; `keys` is a hint for readers, who need not believe it. */
  selectDatabase(database: number, keys?: number): Uint8Array;
  /**
   * All of an entry before its value: expiry (milliseconds since 1970; -1: none), type and key, written at `offset`, where
   * {@link entryHeadBytes} of the key must be free. Returns the end, where the value goes as a DUMP has it.
   */
  entryHead(target: Uint8Array, offset: number, key: Uint8Array, expireAt: number, type: number): number;
  readonly crc: Crc64;
  /** The mark of the end and the checksum of all that was added to `crc`. */
  end(): Uint8Array;
}

/** Most bytes of an entry before its value: expiry, type, the key's length and the key. */
export const entryHeadBytes = (keyBytes: number): number => 9 + 1 + 5 + keyBytes;

export function createRdbWriter(format: RdbFormat): RdbWriter {
  const crc = createCrc64();
  return {
    crc,
    header(aux) {
      const parts: Uint8Array[] = [Buffer.from(format.magic, 'latin1')];
      for (const [name, value] of Object.entries(aux)) {
        parts.push(Uint8Array.of(opcode.aux), stringBytes(name), stringBytes(value));
      }
      return Buffer.concat(parts);
    },
    selectDatabase(database, keys) {
      const parts = [Uint8Array.of(opcode.selectDatabase), lengthBytes(database)];
      if (keys !== undefined)
        parts.push(Uint8Array.of(opcode.resizeDatabase), lengthBytes(keys), lengthBytes(0));
      return Buffer.concat(parts);
    },
    entryHead(target, offset, key, expireAt, type) {
      let at = offset;
      if (expireAt >= 0) {
        target[at++] = opcode.expireMs;
        at = writeWord(target, at, expireAt % 2 ** 32);
        at = writeWord(target, at, Math.floor(expireAt / 2 ** 32));
      }
      target[at++] = type;
      at = writeLength(target, at, key.length);
      target.set(key, at);
      return at + key.length;
    },
    end() {
      const bytes = new Uint8Array(9);
      bytes[0] = opcode.end;
      crc.add(bytes, 0, 1);
      crc.writeTo(bytes, 1);
      return bytes;
    },
  };
}

function stringBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([lengthBytes(bytes.length), bytes]);
}

function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(5);
  return bytes.subarray(0, writeLength(bytes, 0, length));
}

function writeLength(target: Uint8Array, offset: number, length: number): number {
  let at = offset;
  if (length < 0x40) {
    target[at++] = length;
  } else if (length < 0x4000) {
    target[at++] = 0x40 | (length >>> 8);
    target[at++] = length;
  } else {
    target[at++] = 0x80;
    for (let shift = 24; shift >= 0; shift -= 8) target[at++] = length >>> shift;
  }
  return at;
}

function writeWord(target: Uint8Array, offset: number, word: number): number {
  for (let byte = 0; byte < 4; byte++) target[offset + byte] = word >>> (8 * byte);
  return offset + 4;
}
