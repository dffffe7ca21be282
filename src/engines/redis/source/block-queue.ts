/** Size of the blocks that units are given away in. */
const blockBytes = 256 * 1024;

/** Bytes on their way from a socket to whoever reads a unit, gathered into blocks. One side puts, the other one takes; both at their pace. */
export class BlockQueue {
  /** Told after every take: there is room again, perhaps. */
  onTaken: (() => void) | null = null;
  /** Told of each block when it is full, before anybody can take it. */
  readonly #onBlock: ((block: Uint8Array) => void) | null;
  readonly #ready: Uint8Array[] = [];
  #block: Buffer | null = null;
  #filled = 0;
  #readyBytes = 0;
  /** Blocks that were ready or taken. */
  #blocks = 0;
  #isEnded = false;
  #failure: unknown;
  #waiting: PromiseWithResolvers<void> | null = null;

  constructor(onBlock: ((block: Uint8Array) => void) | null = null) {
    this.#onBlock = onBlock;
  }

  /** Bytes that nobody has taken. */
  get bytes(): number {
    return this.#readyBytes + this.#filled;
  }

  /** The first block is still being filled: {@link patch} can reach it. */
  get isFirst(): boolean {
    return this.#blocks === 0;
  }

  /** Copies bytes that are lent. */
  write(chunk: Uint8Array, start = 0, end = chunk.byteLength): void {
    let at = start;
    while (at < end) {
      const block = this.#current();
      const stop = Math.min(end, at + block.length - this.#filled);
      if (stop - at > 0) block.set(chunk.subarray(at, stop), this.#filled);
      this.#filled += stop - at;
      at = stop;
      if (this.#filled === block.length) this.flush();
    }
  }

  /**
   * Room for `bytes` in one piece; `fill` writes at the offset and returns where it ended.
   */
  place(bytes: number, fill: (block: Buffer, offset: number) => number): void {
    if (this.#block !== null && this.#block.length - this.#filled < bytes) this.flush();
    this.#block ??= Buffer.allocUnsafeSlow(Math.max(blockBytes, bytes));
    this.#filled = fill(this.#block, this.#filled);
    if (this.#filled === this.#block.length) this.flush();
  }

  /** Writes over what was written at `offset` of the first block, while {@link isFirst}. */
  patch(offset: number, bytes: Uint8Array): void {
    this.#block?.set(bytes, offset);
  }

  /** What there is of a block becomes ready. */
  flush(): void {
    const block = this.#block;
    if (block === null || this.#filled === 0) return;
    const ready = block.subarray(0, this.#filled);
    this.#block = null;
    this.#filled = 0;
    this.#blocks += 1;
    this.#onBlock?.(ready);
    this.#ready.push(ready);
    this.#readyBytes += ready.byteLength;
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.flush();
    this.#isEnded = true;
    this.#wake();
  }

  /** What is ready is lost: nobody must take it for good. */
  fail(reason: unknown): void {
    if (this.#isEnded || this.#failure !== undefined) return;
    this.#failure = reason;
    this.#ready.length = 0;
    this.#readyBytes = 0;
    this.#wake();
  }

  /** The next block, for good; null at the end. Rejects with the reason of `fail`. One call at a time. */
  async take(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const block = this.#ready.shift();
      if (block !== undefined) {
        this.#readyBytes -= block.byteLength;
        this.onTaken?.();
        return block;
      }
      if (this.#isEnded) return null;
      this.#waiting = Promise.withResolvers();
      await this.#waiting.promise;
    }
  }

  #current(): Buffer {
    this.#block ??= Buffer.allocUnsafeSlow(blockBytes);
    return this.#block;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
