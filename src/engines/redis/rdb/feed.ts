import { type Crc64, createCrc64 } from './crc64.ts';
import { firstVersionWithChecksum, magicBytes, parseMagic, type RdbFormat } from './format.ts';
import { opcode } from './programs.ts';
import { damaged, tooLong, truncated } from './rdb-error.ts';
import { event, longestStep, Walker } from './walker.ts';

/** `off`: the server had checksums switched off; `fragment`: the bytes are only a part, so there is nothing to compare with. */
export type Checksum = 'unknown' | 'right' | 'off' | 'fragment';

const trailerBytes = 8;
const firstCarry = 4096;
/** A carry above this is given up once its item is over. */
const lastingCarry = 2 ** 20;
const mostAuxBytes = 2 ** 20;
/** More than any server takes as one argument, unless told to. */
const mostKeptBytes = 2 ** 29;
const nothing = new Uint8Array(0);

/**
 * Gives a {@link Walker} its bytes: chunks of any size. What it must see again is carried over into a buffer, which grows only as bytes
 * arrive. Takes care of the magic before the items and of the checksum after them.
 */
export class Feed {
  format: RdbFormat | null;
  /** Set once the magic has been read. */
  walker: Walker | null = null;
  checksum: Checksum = 'unknown';
  ended = false;
  /** Where the item that {@link next} told of lies: positions minus `bytesBase` are indices of `bytes`. Valid until the next call. */
  bytes: Uint8Array = nothing;
  bytesBase = 0;

  readonly #keepsEntries: boolean;
  readonly #isFragment: boolean;
  readonly #crc: Crc64 = createCrc64();
  #crcAt = 0;
  #magic: number[] = [];
  #beganWithMagic = false;
  #trailer: number[] | null = null;

  #chunk: Uint8Array = nothing;
  /** The position of the chunk's first byte. */
  #chunkBase = 0;
  /** Kept apart: whoever gave the chunk may have freed its memory when the next one comes, and it is empty then. */
  #chunkBytes = 0;
  #at = 0;

  #carry: Uint8Array = nothing;
  #carried = 0;
  #carryBase = 0;
  #carryAt = 0;

  /** `fragment`: the bytes are a part of an RDB in that format, which may lack magic and end. */
  constructor(keepsEntries: boolean, fragment: RdbFormat | null) {
    this.#keepsEntries = keepsEntries;
    this.#isFragment = fragment !== null;
    this.format = fragment;
  }

  /** Bytes that have been taken in, up to the end of the RDB. */
  get position(): number {
    return this.#chunkBase + this.#at;
  }

  /** Bytes of the chunk that have not been looked at. */
  get rest(): number {
    return this.#chunk.length - this.#at;
  }

  /** Gives the next chunk; the one before must be used up. It is not kept beyond that. */
  push(chunk: Uint8Array): void {
    this.#chunkBase += this.#chunkBytes;
    this.#chunkBytes = chunk.byteLength;
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
    this.#crcAt = 0;
  }

  /** Walks to the next item, whose {@link event} it returns; `none`: the chunk is used up, or the RDB has ended. */
  next(): number {
    for (;;) {
      if (this.ended || (this.#at >= this.#chunk.length && this.#carried === 0)) return event.none;
      if (this.walker === null) this.#takeMagic();
      else if (this.#trailer !== null) this.#takeTrailer(this.#trailer);
      else {
        const what = this.#walk(this.walker);
        if (what !== event.end) return what;
        this.#crc.add(this.#chunk, this.#crcAt, this.#at);
        this.#trailer = [];
        if (this.#hasNoChecksum()) this.#end('off');
      }
    }
  }

  /** Adds the chunk, which is used up, to the checksum. */
  finishChunk(): void {
    if (this.#trailer === null && !this.ended) this.#crc.add(this.#chunk, this.#crcAt);
    this.#crcAt = this.#chunk.length;
  }

  /** Call after the last chunk: throws unless it was the end. */
  assertEnd(): void {
    if (this.ended) return;
    const isWhole =
      this.#isFragment &&
      this.#trailer === null &&
      this.#magic.length % magicBytes === 0 &&
      !this.#isInItem();
    if (!isWhole) throw truncated(this.position);
    this.checksum = 'fragment';
  }

  /**
   * For a value that is taken as it comes: the next bytes of it, at most `most`, a view that is valid until the next call; empty: a new
   * chunk must be pushed. First what was carried over.
   */
  take(most: number): Uint8Array {
    if (this.#carried > 0) {
      const from = this.#carryAt;
      const end = Math.min(from + most, this.#carried);
      if (end === this.#carried) this.#carried = 0;
      this.#carryAt = end;
      return this.#carry.subarray(from, end);
    }
    const from = this.#at;
    this.#at = Math.min(from + most, this.#chunk.length);
    return this.#chunk.subarray(from, this.#at);
  }

  /** Before {@link take}: the next byte taken will be the one at `position`, where the value of the unfinished entry that is carried begins. */
  rewind(position: number): void {
    this.#carryAt = position - this.#carryBase;
  }

  /** Gives back the last `count` bytes of what was taken from the chunk. */
  giveBack(count: number): void {
    this.#at -= count;
  }

  #walk(walker: Walker): number {
    if (this.#carry.length > lastingCarry && this.#carried === 0) this.#carry = nothing;
    if (this.#carried > 0) return this.#walkCarry(walker);
    walker.base = this.#chunkBase;
    this.#at = walker.next(this.#chunk, this.#at, this.#chunk.length);
    this.bytes = this.#chunk;
    this.bytesBase = this.#chunkBase;
    if (walker.event === event.none) {
      const keepAt = walker.keepFrom - this.#chunkBase;
      this.#append(this.#chunk, keepAt, this.#chunk.length);
      this.#carryBase = walker.keepFrom;
      this.#carryAt = this.#at - keepAt;
      this.#at = this.#chunk.length;
    }
    return walker.event;
  }

  /** Adds to the carry as much of the chunk as the walker is likely to want, and lets it go on there, until it has left the carry. */
  #walkCarry(walker: Walker): number {
    while (this.#at < this.#chunk.length) {
      const before = this.#carried;
      const wanted = Math.min(mostAdded, Math.max(longestStep, walker.skip + 1, before >> 1));
      const end = Math.min(this.#at + wanted, this.#chunk.length);
      this.#append(this.#chunk, this.#at, end);
      this.#at = end;
      walker.base = this.#carryBase;
      this.#carryAt = walker.next(this.#carry, this.#carryAt, this.#carried);
      this.bytes = this.#carry;
      this.bytesBase = this.#carryBase;
      const isOver = walker.event !== event.none;
      if (isOver || walker.keepFrom >= this.#carryBase + before) {
        // All that is still wanted lies in the chunk: on there.
        this.#at -= this.#carried - this.#carryAt;
        this.#carried = 0;
        return isOver ? walker.event : this.#walk(walker);
      }
      this.#checkKept(walker);
    }
    return event.none;
  }

  #checkKept(walker: Walker): void {
    if (walker.code === opcode.aux && this.#carried > mostAuxBytes) {
      throw damaged('a fact about its server is longer than 1 MB', walker.itemAt);
    }
    if (this.#carried > mostKeptBytes) throw tooLong(walker.itemAt);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const size = this.#carried + end - start;
    if (size > this.#carry.length) {
      const larger = new Uint8Array(Math.max(firstCarry, size, 2 * this.#carry.length));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    this.#carry.set(bytes.subarray(start, end), this.#carried);
    this.#carried = size;
  }

  #takeMagic(): void {
    if (
      this.#magic.length === 0 &&
      this.format !== null &&
      !looksLikeMagic(this.#chunk[this.#at] as number)
    ) {
      this.walker = new Walker(this.format.family, this.#keepsEntries, this.position);
      return;
    }
    while (this.#magic.length < magicBytes && this.#at < this.#chunk.length) {
      this.#magic.push(this.#chunk[this.#at++] as number);
    }
    if (this.#magic.length < magicBytes) return;
    const format = parseMagic(Uint8Array.from(this.#magic));
    if (this.format !== null && this.format.magic !== format.magic) {
      throw damaged(`it is ${format.magic}, where ${this.format.magic} was to be read`, 0);
    }
    this.format = format;
    this.#beganWithMagic = true;
    this.walker = new Walker(format.family, this.#keepsEntries, this.position);
  }

  #takeTrailer(trailer: number[]): void {
    while (trailer.length < trailerBytes && this.#at < this.#chunk.length) {
      trailer.push(this.#chunk[this.#at++] as number);
    }
    if (trailer.length < trailerBytes) return;
    if (!this.#beganWithMagic) this.#end('fragment');
    else if (trailer.every((byte) => byte === 0)) this.#end('off');
    else if (this.#crc.equals(Uint8Array.from(trailer), 0)) this.#end('right');
    else
      throw damaged(
        'the checksum at its end is not that of the bytes before it',
        this.position - trailerBytes,
      );
  }

  #hasNoChecksum(): boolean {
    return (this.format as RdbFormat).version < firstVersionWithChecksum;
  }

  #end(checksum: Checksum): void {
    this.checksum = checksum;
    this.ended = true;
  }

  #isInItem(): boolean {
    return this.walker?.isInItem === true;
  }
}

/** A step of what is carried over at once: little enough to be copied in vain. */
const mostAdded = 2 ** 20;

/** `R` and `V`, which begin no item that we know. */
const looksLikeMagic = (byte: number): boolean => byte === 0x52 || byte === 0x56;
