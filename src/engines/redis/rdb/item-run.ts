import { expiryAt } from '../expiry.ts';
import { coding, LengthCode, malformed, needsMore } from './length-code.ts';
import { opcode, type Program, step } from './programs.ts';
import { damaged, tooManyLibraries, unsupportedOpcode, unsupportedType } from './rdb-error.ts';
import { decodedString } from './string-value.ts';

/** What stands for an expiry, an idle time or a frequency that is not there. */
export const noTime = -1;

/**
 * Runs the program of one item over bytes that may be cut anywhere: it stops where they end and goes on with the next. It copies nothing.
 * Positions are absolute: offsets from the first byte of the RDB.
 */
export class ItemRun {
  /** The position of the bytes' first byte. */
  base = 0;
  /** Bytes of a string that are still to come, and of no interest. */
  skip = 0;
  /** First byte of the item: a type or an opcode. */
  code = 0;
  itemAt = 0;

  expireAt = noTime;
  frequency = noTime;
  /** The entry's name: where its head stands, and what the head says. */
  keyAt = 0;
  keyHead = 0;
  keyBytes = 0;
  keyPlain = 0;
  keyCoding: number = coding.plain;
  /** Where the entry's value begins; negative: not yet, or it is no entry. */
  bodyAt = -1;
  /** Of a module's value, or of what it wrote beside the keys. */
  moduleHigh = 0;
  moduleLow = 0;

  /** The length read last. */
  protected readonly head = new LengthCode();
  /** Null: no item has begun. */
  protected program: Program | null = null;
  protected line = 0;
  /** How often what is repeated is still to come, by how deep it is nested. */
  readonly #counts = new Float64Array(8);
  #depth = 0;
  /** Of all sources of functions so far. */
  #libraryBytes = 0;

  protected start(program: Program, code: number, position: number): void {
    this.program = program;
    this.line = 0;
    this.#depth = 0;
    this.code = code;
    this.itemAt = position;
    this.bodyAt = -1;
  }

  /** Runs the item's program to its end or that of the bytes. */
  protected run(bytes: Uint8Array, start: number, end: number): number {
    const program = this.program as Program;
    const head = this.head;
    let at = start;
    let line = this.line;
    let skip = this.skip;
    for (;;) {
      if (skip > 0) {
        if (skip > end - at) {
          skip -= end - at;
          at = end;
          break;
        }
        at += skip;
        skip = 0;
      }
      const what = program[line] as number;
      if (what === step.string) {
        const first = at < end ? (bytes[at] as number) : 0xff;
        if (first < 0x40) {
          skip = first;
          at += 1;
        } else {
          const size = head.string(bytes, at, end);
          if (size <= 0) {
            if (size === malformed) throw this.#notAString(at);
            break;
          }
          at += size;
          skip = head.payload;
        }
        line += 1;
      } else if (what === step.key) {
        const size = head.string(bytes, at, end);
        if (size <= 0) {
          if (size === malformed) throw this.#notAString(at);
          break;
        }
        this.keyAt = this.base + at;
        this.keyHead = size;
        this.keyBytes = head.payload;
        this.keyPlain = head.plain;
        this.keyCoding = head.coding;
        at += size;
        skip = head.payload;
        line += 1;
      } else if (what === step.body) {
        this.bodyAt = this.base + at;
        line += 1;
      } else if (what === step.done) {
        this.skip = 0;
        this.program = null;
        return at;
      } else if (what === step.repeat) {
        const size = head.count(bytes, at, end);
        if (size <= 0) {
          if (size === malformed) throw this.#notALength(at);
          break;
        }
        at += size;
        if (head.value === 0) {
          line = program[line + 1] as number;
        } else {
          this.#counts[++this.#depth] = head.value;
          line += 2;
        }
      } else if (what === step.again) {
        const left = (this.#counts[this.#depth] as number) - 1;
        this.#counts[this.#depth] = left;
        if (left > 0) {
          line = program[line + 1] as number;
        } else {
          this.#depth -= 1;
          line += 2;
        }
      } else if (what === step.bytes) {
        skip = program[line + 1] as number;
        line += 2;
      } else {
        const size = this.#rareStep(what, program[line + 1] as number, bytes, at, end);
        if (size === needsMore) break;
        skip = this.skip;
        at += size;
        if (!this.#staysOnLine) line += what === step.run ? 2 : 1;
      }
    }
    this.line = line;
    this.skip = skip;
    return at;
  }

  /** A module's parts are all read by one step, which goes on until it meets the zero. */
  #staysOnLine = false;

  /** Steps that take a few bytes at once. Returns how many, or {@link needsMore}; what is to be skipped after them is in `skip`. */
  #rareStep(what: number, operand: number, bytes: Uint8Array, at: number, end: number): number {
    const head = this.head;
    this.skip = 0;
    this.#staysOnLine = false;
    let size: number = needsMore;
    switch (what) {
      case step.length:
        size = head.length(bytes, at, end);
        break;
      case step.run:
        size = head.count(bytes, at, end);
        if (size > 0) this.skip = head.value * operand;
        break;
      case step.asciiDouble:
        if (at < end) {
          size = 1;
          this.skip = (bytes[at] as number) >= 253 ? 0 : (bytes[at] as number);
        }
        break;
      case step.container:
        size = head.length(bytes, at, end);
        if (size > 0 && head.value !== 1 && head.value !== 2)
          throw damaged('a list has a node of no known kind', this.base + at);
        break;
      case step.expireMs:
        if (end - at >= 8) {
          size = 8;
          this.expireAt = expiryAt(wordAt(bytes, at) + (wordAt(bytes, at + 4) | 0) * 2 ** 32);
        }
        break;
      case step.expireSeconds:
        if (end - at >= 4) {
          size = 4;
          this.expireAt = expiryAt((wordAt(bytes, at) | 0) * 1000);
        }
        break;
      case step.frequency:
        if (at < end) {
          size = 1;
          this.frequency = bytes[at] as number;
        }
        break;
      case step.moduleId:
        size = head.length(bytes, at, end);
        if (size > 0) this.#noteModule(bytes, at, size);
        break;
      case step.moduleParts:
        size = this.#modulePart(bytes, at, end);
        break;
      case step.library:
        size = head.string(bytes, at, end);
        if (size === malformed) throw this.#notAString(at);
        if (size > 0) this.#noteLibrary(at);
        break;
      case step.keyOfUnknown:
        return this.#refuseType(bytes, at, end);
      default:
        throw unsupportedOpcode(this.code, this.itemAt, unknownOpcodes[this.code]);
    }
    if (size === malformed) throw this.#notALength(at);
    return size;
  }

  #modulePart(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return needsMore;
    const mark = bytes[at] as number;
    if (mark === 0) return 1;
    this.#staysOnLine = true;
    const head = this.head;
    let size: number = needsMore;
    if (mark === 1 || mark === 2) {
      size = head.length(bytes, at + 1, end);
    } else if (mark === 3 || mark === 4) {
      this.skip = mark === 3 ? 4 : 8;
      return 1;
    } else if (mark === 5) {
      size = head.string(bytes, at + 1, end);
      if (size > 0) this.skip = head.payload;
    } else {
      throw damaged(`a module's data has a part of the unknown kind ${mark}`, this.base + at);
    }
    return size > 0 ? size + 1 : size;
  }

  /** What is held in memory until the functions are loaded must not be without bounds. */
  #noteLibrary(at: number): void {
    this.skip = this.head.payload;
    this.#libraryBytes += Math.max(this.head.payload, this.head.plain);
    if (this.#libraryBytes > mostLibraryBytes) throw tooManyLibraries(this.base + at);
  }

  #noteModule(bytes: Uint8Array, at: number, size: number): void {
    const isLong = size === 9;
    this.moduleHigh = isLong ? wordBeAt(bytes, at + 1) : 0;
    this.moduleLow = isLong ? wordBeAt(bytes, at + 5) : this.head.value;
  }

  /** Throws once enough of the key is there to name it. */
  #refuseType(bytes: Uint8Array, at: number, end: number): number {
    const head = this.head;
    const size = head.string(bytes, at, end);
    if (size === malformed || head.payload > longestShownKey) {
      throw unsupportedType(this.code, this.itemAt, new Uint8Array(0));
    }
    if (size === needsMore || end - at < size + head.payload) return needsMore;
    const key = decodedString(bytes, at, at + size + head.payload);
    throw unsupportedType(this.code, this.itemAt, key, unknownTypes[this.code]);
  }

  #notAString(at: number): Error {
    return damaged('what should be a string is none', this.base + at);
  }

  #notALength(at: number): Error {
    return damaged('what should be a length is none', this.base + at);
  }
}

const mostLibraryBytes = 64 * 2 ** 20;
const longestShownKey = 4096;

const unknownTypes: Readonly<Record<number, string>> = {
  6: 'it is of a module, in the form of a pre-release of Redis 4.0',
  22: 'it is a hash with field times to live, in the form of a pre-release of Redis 7.4',
  23: 'it is a hash with field times to live, in the form of a pre-release of Redis 7.4',
};
const unknownOpcodes: Readonly<Record<number, string>> = {
  [opcode.functionPreRelease]: 'it holds functions in the form of a pre-release of Redis 7.0',
};

const wordAt = (bytes: Uint8Array, at: number): number => wordBeAt(bytes, at, 3, -1);

/** The 32 bits at `at`, unsigned; big endian. */
function wordBeAt(bytes: Uint8Array, at: number, first = 0, by = 1): number {
  const one = bytes[at + first] as number;
  const two = bytes[at + first + by] as number;
  const three = bytes[at + first + 2 * by] as number;
  const four = bytes[at + first + 3 * by] as number;
  return ((one << 24) | (two << 16) | (three << 8) | four) >>> 0;
}
