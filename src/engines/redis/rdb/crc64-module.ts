/**
 * The inner loop of the CRC-64 as a WebAssembly module: JavaScript has no fast 64-bit integers. The module is put together here, instruction by
 * instruction. It exports its memory, and `add(start, end)`, which carries the sum at {@link sumAt} over the memory between the two.
 */

/** Where the sum is kept, little endian. */
export const sumAt = 0;
/** Where the tables are: of 256 sums of 8 bytes each, the one for a byte that `n` more bytes follow as number `n`. */
export const tablesAt = 8;
export const tableCount = 16;
const tableBytes = 256 * 8;
/** Where input goes. */
export const inputAt = tablesAt + tableCount * tableBytes;
export const inputBytes = 64 * 1024;
const pages = 2;

type Code = readonly number[];

/** Signed LEB128, in which all numbers are written; for those that are never negative it does for unsigned ones too, when they are padded. */
function leb(value: number): Code {
  const bytes: number[] = [];
  let left = value;
  for (;;) {
    const low = left & 0x7f;
    left >>= 7;
    if (left === 0 && (low & 0x40) === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

// Locals: the parameters, then the sum and the two words of a step.
const start = 0;
const end = 1;
const sum = 2;
const first = 3;
const second = 4;

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const int32 = (value: number): Code => [0x41, ...leb(value)];
const int64 = (value: number): Code => [0x42, ...leb(value)];
/** Of an unaligned 64-bit word at the address on the stack plus `offset`. */
const load = (offset: number): Code => [0x29, 0, ...leb(offset)];
const store = (offset: number): Code => [0x37, 0, ...leb(offset)];
const loadByte: Code = [0x31, 0, 0];
const xor: Code = [0x85];
const shiftRight: Code = [0x88];
const toInt32: Code = [0xa7];
const add: Code = [0x6a];
const and: Code = [0x71];
const shiftLeft: Code = [0x74];
const isGreater: Code = [0x4b];
const stop: Code = [0x0b];

/** The sum in table `number` for a byte of the word in `local`; bytes from 0, the lowest. */
const lookUp = (local: number, byte: number, number: number): Code => [
  ...get(local),
  ...(byte === 0 ? [] : [...int64(8 * byte), ...shiftRight]),
  ...[...toInt32, ...int32(0xff), ...and, ...int32(3), ...shiftLeft],
  ...load(tablesAt + number * tableBytes),
];

/** Repeats `body` and moves `start` on, as long as `step` bytes are there. */
const whileThereAre = (step: number, body: Code): Code => [
  // A block, which is left when fewer are there, around a loop.
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...get(start), ...int32(step), ...add, ...get(end), ...isGreater, 0x0d, 1],
  ...body,
  ...[...get(start), ...int32(step), ...add, ...set(start)],
  ...[0x0c, 0, ...stop, ...stop],
];

const bytesOfWord = [0, 1, 2, 3, 4, 5, 6, 7];
const sixteenBytes: Code = [
  ...[...get(sum), ...get(start), ...load(0), ...xor, ...set(first)],
  ...[...get(start), ...load(8), ...set(second)],
  ...lookUp(first, 0, 15),
  ...bytesOfWord.slice(1).flatMap((byte) => [...lookUp(first, byte, 15 - byte), ...xor]),
  ...bytesOfWord.flatMap((byte) => [...lookUp(second, byte, 7 - byte), ...xor]),
  ...set(sum),
];
const oneByte: Code = [
  ...[...get(sum), ...get(start), ...loadByte, ...xor, ...set(first)],
  ...[...lookUp(first, 0, 0), ...get(sum), ...int64(8), ...shiftRight, ...xor, ...set(sum)],
];
const body: Code = [
  ...[...int32(0), ...load(sumAt), ...set(sum)],
  ...whileThereAre(16, sixteenBytes),
  ...whileThereAre(1, oneByte),
  ...[...int32(0), ...get(sum), ...store(sumAt), ...stop],
];

const sized = (code: Code): Code => [...leb(code.length), ...code];
const section = (id: number, ...items: readonly Code[]): Code => [
  id,
  ...sized([items.length, ...items.flat()]),
];
const named = (name: string, kind: number): Code => [...sized([...Buffer.from(name)]), kind, 0];

/** https://webassembly.github.io/spec/core/binary/modules.html */
export const crc64Module = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // A function of two 32-bit integers.
  ...section(1, [0x60, 2, 0x7f, 0x7f, 0]),
  ...section(3, [0]),
  ...section(5, [0, pages]),
  ...section(7, named('memory', 2), named('add', 0)),
  // Three locals of 64 bits.
  ...section(10, sized([1, 3, 0x7e, ...body])),
]);
