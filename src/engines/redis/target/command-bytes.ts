/** Writing and finding commands in bytes, without an object for each: `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n`. */

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const zero = 0x30;

/** Writes `value`, a whole number from 0, in decimal digits; returns the end. */
export function writeDecimal(target: Uint8Array, offset: number, value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits += 1;
  let rest = value;
  let at = offset + digits;
  // Doubles divide slowly, and only times have more than 31 bits.
  for (; rest > 0x7fffffff; rest = Math.floor(rest / 10)) target[--at] = zero + (rest % 10);
  let small = rest | 0;
  while (at > offset) {
    const next = (small / 10) | 0;
    target[--at] = zero + small - next * 10;
    small = next;
  }
  return offset + digits;
}

export function writeLineEnd(target: Uint8Array, offset: number): number {
  target[offset] = carriageReturn;
  target[offset + 1] = lineFeed;
  return offset + 2;
}

/** Writes one argument with its length. */
export function writeArgument(target: Uint8Array, offset: number, argument: Uint8Array): number {
  let at = writeLength(target, offset, argument.length);
  target.set(argument, at);
  at += argument.length;
  return writeLineEnd(target, at);
}

/** Writes the length line of an argument, `$12\r\n`, whose bytes follow. */
export function writeLength(target: Uint8Array, offset: number, length: number): number {
  target[offset] = 0x24;
  return writeLineEnd(target, writeDecimal(target, offset + 1, length));
}

/** The end of the command that begins at `start`. */
export function commandEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  visitArguments(bytes, start, (_from, to) => {
    at = to + 2;
  });
  return at;
}

/** The arguments of the command that begins at `start`, as views. */
export function argumentsOf(bytes: Uint8Array, start: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  visitArguments(bytes, start, (from, to) => found.push(bytes.subarray(from, to)));
  return found;
}

function visitArguments(bytes: Uint8Array, start: number, visit: (from: number, to: number) => void): void {
  let at = start + 1;
  const number = (): number => {
    let value = 0;
    for (; bytes[at] !== carriageReturn; at++) value = value * 10 + (bytes[at] as number) - zero;
    at += 2;
    return value;
  };
  for (let left = number(); left > 0; left--) {
    at += 1;
    const length = number();
    visit(at, at + length);
    at += length + 2;
  }
}
