import type { KeyBatch } from './key-batch.ts';

const digits = (value: number): number => String(value).length;

/** Commands of a word and a key, many in one piece of memory. */
export class CommandBuffer {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #filled = 0;
  count = 0;

  /** @param head of the command: see {@link commandHead} */
  add(head: Buffer, batch: KeyBatch, index: number): void {
    const length = batch.keyBytes(index);
    const needed = head.length + digits(length) + length + 5;
    if (this.#filled + needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#filled + needed));
      this.#bytes.copy(larger, 0, 0, this.#filled);
      this.#bytes = larger;
    }
    let at = this.#filled;
    at += head.copy(this.#bytes, at);
    this.#bytes[at++] = 0x24;
    at += this.#bytes.write(String(length), at, 'latin1');
    this.#bytes[at++] = 13;
    this.#bytes[at++] = 10;
    at = batch.copyKey(index, this.#bytes, at);
    this.#bytes[at++] = 13;
    this.#bytes[at++] = 10;
    this.#filled = at;
    this.count += 1;
  }

  /** All of it, to give away; the buffer begins anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#filled);
    this.#bytes = Buffer.allocUnsafeSlow(64 * 1024);
    this.#filled = 0;
    this.count = 0;
    return taken;
  }
}

/** The beginning of a command of two arguments, up to the second. */
export const commandHead = (word: string): Buffer => Buffer.from(`*2\r\n$${word.length}\r\n${word}\r\n`);
