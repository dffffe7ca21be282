/** Keys that one SCAN returned, in two growing arrays: no object for any of them. */
export class KeyBatch {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #filled = 0;
  #starts = new Int32Array(1025);
  /** Of each key: when it expires (milliseconds since 1970), -1: never. */
  expiries = new Float64Array(1024);
  count = 0;
  /** Of so many keys, from the first, the values were asked for. */
  asked = 0;

  /** Begins anew, in the memory that there is. */
  clear(): void {
    this.count = 0;
    this.asked = 0;
    this.#filled = 0;
  }

  /** A piece of the next key. */
  append(chunk: Buffer, start: number, end: number): void {
    if (this.#filled + end - start > this.#bytes.length) this.#growBytes(this.#filled + end - start);
    chunk.copy(this.#bytes, this.#filled, start, end);
    this.#filled += end - start;
  }

  /** The next key is whole. */
  close(): void {
    if (this.count === this.expiries.length) this.#growKeys();
    this.expiries[this.count] = -1;
    this.count += 1;
    this.#starts[this.count] = this.#filled;
  }

  /** Lent: valid until `clear`. */
  key(index: number): Buffer {
    return this.#bytes.subarray(this.#starts[index] as number, this.#starts[index + 1] as number);
  }

  keyBytes(index: number): number {
    return (this.#starts[index + 1] as number) - (this.#starts[index] as number);
  }

  /** Copies a key; returns where it ends in `target`. */
  copyKey(index: number, target: Buffer, offset: number): number {
    const start = this.#starts[index] as number;
    return offset + this.#bytes.copy(target, offset, start, this.#starts[index + 1] as number);
  }

  /** Keeps those of the keys for which `isWanted` is true. */
  retain(isWanted: (index: number) => boolean): void {
    let kept = 0;
    let filled = 0;
    for (let index = 0; index < this.count; index += 1) {
      const start = this.#starts[index] as number;
      const end = this.#starts[index + 1] as number;
      if (!isWanted(index)) continue;
      this.#bytes.copyWithin(filled, start, end);
      this.expiries[kept] = this.expiries[index] as number;
      filled += end - start;
      kept += 1;
      this.#starts[kept] = filled;
    }
    this.count = kept;
    this.#filled = filled;
  }

  #growBytes(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#filled);
    this.#bytes = larger;
  }

  #growKeys(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const expiries = new Float64Array(this.expiries.length * 2);
    expiries.set(this.expiries);
    this.expiries = expiries;
  }
}
