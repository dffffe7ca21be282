import { createCrc64 } from '../../src/engines/redis/rdb/crc64.ts';

/** Parts of an RDB, written plainly for tests: bytes, texts, and lists of such. */
export type Part = number | string | Uint8Array | readonly Part[];

export function bytesOf(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.of(part);
      if (typeof part === 'string') return Buffer.from(part);
      return part instanceof Uint8Array ? Buffer.from(part) : bytesOf(...part);
    }),
  );
}

/** A length in the shortest form; `form` asks for another. */
export function length(value: number | bigint, form?: 6 | 14 | 32 | 64): Buffer {
  const number = BigInt(value);
  if (form === 6 || (form === undefined && number < 0x40n)) return Buffer.of(Number(number));
  if (form === 14 || (form === undefined && number < 0x4000n)) {
    return Buffer.of(0x40 | Number(number >> 8n), Number(number & 0xffn));
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(number);
  if (form === 32 || (form === undefined && number < 2n ** 32n)) return bytesOf(0x80, bytes.subarray(4));
  return bytesOf(0x81, bytes);
}

/** A string as it is. */
export const string = (content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content);
  return bytesOf(length(bytes.length), bytes);
};

/** A string in the form of an integer of so many bytes. */
export function integer(value: number, size: 1 | 2 | 4): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeIntLE(value, 0, size);
  return bytesOf(0xc0 + (size === 4 ? 2 : size - 1), bytes);
}

/** A string compressed in the form of LZF: literals, and repetitions of one byte. */
export function lzf(content: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length; ) {
    let run = 1;
    while (at + run < content.length && content[at + run] === content[at] && run < 265) run += 1;
    if (run >= 4) {
      const copied = run - 1;
      parts.push(Buffer.of(0, content[at] as number));
      parts.push(copied - 2 < 7 ? Buffer.of((copied - 2) << 5, 0) : Buffer.of(0xe0, copied - 9, 0));
      at += run;
    } else {
      const literals = Buffer.from(content.subarray(at, at + Math.min(run, 32)));
      parts.push(Buffer.of(literals.length - 1), literals);
      at += literals.length;
    }
  }
  const packed = Buffer.concat(parts);
  return bytesOf(0xc3, length(packed.length), length(content.length), packed);
}

export const listOf = (...strings: readonly (string | Uint8Array)[]): Buffer =>
  bytesOf(length(strings.length), ...strings.map((each) => (typeof each === 'string' ? string(each) : each)));

/** Eight bytes, little endian. */
export function int64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return bytes;
}

export function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** A message's id of sixteen bytes. */
export function streamId(ms: number | bigint, sequence: number | bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(ms));
  bytes.writeBigUInt64BE(BigInt(sequence), 8);
  return bytes;
}

export const select = (database: number): Buffer => bytesOf(254, length(database));
export const aux = (name: string, value: string): Buffer => bytesOf(250, string(name), string(value));
export const entry = (type: number, key: string | Uint8Array, ...body: readonly Part[]): Buffer =>
  bytesOf(type, typeof key === 'string' ? string(key) : key, ...body);

/** A whole file: magic, the parts, the end and the checksum. */
export function rdbFile(magic: string, ...parts: readonly Part[]): Buffer {
  const bytes = bytesOf(magic, ...parts, 255);
  const crc = createCrc64();
  crc.add(bytes);
  const sum = new Uint8Array(8);
  crc.writeTo(sum, 0);
  return bytesOf(bytes, sum);
}

/** A listpack of texts and integers. */
export function listpack(...elements: readonly (string | Uint8Array | number | bigint)[]): Buffer {
  const body = elements.map((element) => {
    const encoded =
      typeof element === 'number' || typeof element === 'bigint'
        ? packedInteger(BigInt(element))
        : packedString(Buffer.from(element));
    return bytesOf(encoded, backward(encoded.length));
  });
  const bytes = bytesOf(Buffer.alloc(6), ...body, 255);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(Math.min(elements.length, 65_535), 4);
  return bytes;
}

function packedString(bytes: Buffer): Buffer {
  if (bytes.length < 64) return bytesOf(0x80 | bytes.length, bytes);
  if (bytes.length < 4096) return bytesOf(0xe0 | (bytes.length >> 8), bytes.length & 0xff, bytes);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return bytesOf(0xf0, size, bytes);
}

function packedInteger(value: bigint): Buffer {
  if (value >= 0n && value < 128n) return Buffer.of(Number(value));
  if (value >= -4096n && value < 4096n) {
    const bits = Number(BigInt.asUintN(13, value));
    return Buffer.of(0xc0 | (bits >> 8), bits & 0xff);
  }
  const size = [2, 3, 4].find((bytes) => BigInt.asIntN(8 * bytes, value) === value) ?? 8;
  const bytes = int64(value).subarray(0, size);
  return bytesOf(size === 8 ? 0xf4 : 0xf1 + size - 2, bytes);
}

/** A length backwards, seven bits a byte; the server takes one more byte than needed for the highest of two bytes, three and so on. */
function backward(size: number): Buffer {
  const count = 1 + [128, 16_383, 2_097_151, 268_435_455].filter((bound) => size >= bound).length;
  return Buffer.from(
    Array.from({ length: count }, (_, at) => {
      const group = Math.floor(size / 128 ** (count - 1 - at)) % 128;
      return at === 0 ? group : group | 0x80;
    }),
  );
}

/** The bytes in chunks of the sizes given, round and round. */
export async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let turn = 0;
  for (let at = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    // In memory of its own that is freed afterwards: nobody may look at a chunk once the next was asked for.
    const chunk = Uint8Array.from(bytes.subarray(at, at + size));
    yield chunk;
    at += chunk.length;
    chunk.buffer.transfer(0);
  }
}
