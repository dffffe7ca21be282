import type { Exchange, Flow } from './exchange.ts';
import { decodeRow, decodeRowCount, type ServerError, serverMessages } from './messages.ts';
import type { Row } from './query-exchange.ts';

/** Size of the blocks that a COPY is handed out in, but for the last one and the first few: what comes may be little. */
export const copyBlockBytes = 1024 * 1024;
const firstBlockBytes = 16 * 1024;
const blockGrowth = 8;
/** With so many blocks waiting the server is held back. With the one that is filled about 3 MB are in memory. */
const blocksWaiting = 2;

/**
 * A COPY TO STDOUT: the data as blocks, to be iterated once. A block is never used again by this side. Leaving the
 * iteration early abandons the connection.
 */
export class CopyOut implements Exchange, AsyncIterableIterator<Uint8Array, undefined> {
  readonly #flow: Flow;
  readonly #full: Buffer[] = [];
  #block: Buffer | null = null;
  #filled = 0;
  #blockBytes = firstBlockBytes;
  #rows = 0;
  #rowBefore: Row | null = null;
  #end: 'running' | 'ready' | 'broken' = 'running';
  #error: unknown = null;
  #paused = false;
  #wake: (() => void) | null = null;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** How many rows the server says it sent; right once the iteration has ended. */
  get rows(): number {
    return this.#rows;
  }

  /** The last row of the queries before the COPY in the same request; known when the first block is. */
  get rowBefore(): Row | null {
    return this.#rowBefore;
  }

  get isBulk(): boolean {
    return this.#blockBytes === copyBlockBytes;
  }

  copyData(source: Buffer, start: number, end: number): void {
    while (start < end) {
      this.#block ??= Buffer.allocUnsafeSlow(this.#blockBytes);
      const taken = Math.min(end - start, this.#block.length - this.#filled);
      source.copy(this.#block, this.#filled, start, start + taken);
      this.#filled += taken;
      start += taken;
      if (this.#filled === this.#block.length) {
        this.#push(this.#block);
        this.#blockBytes = Math.min(this.#blockBytes * blockGrowth, copyBlockBytes);
      }
    }
  }

  message(type: number, body: Buffer): void {
    if (type === serverMessages.commandComplete) this.#rows = decodeRowCount(body);
    else if (type === serverMessages.dataRow) this.#rowBefore = decodeRow(body);
  }

  error(error: ServerError): void {
    this.#error ??= error;
  }

  ready(): void {
    if (this.#block !== null) this.#push(this.#block.subarray(0, this.#filled));
    this.#finish('ready');
  }

  broken(error: unknown): void {
    this.#error ??= error;
    this.#finish('broken');
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#end !== 'running' && this.#error !== null) throw this.#error;
      const block = this.#full.shift();
      if (block !== undefined) {
        if (this.#paused && this.#full.length < blocksWaiting / 2) {
          this.#paused = false;
          this.#flow.resume();
        }
        return { done: false, value: block };
      }
      if (this.#end !== 'running') return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#end === 'running') this.#flow.abandon(new Error('The COPY was left before its end.'));
    this.#full.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #push(block: Buffer): void {
    this.#full.push(block);
    this.#block = null;
    this.#filled = 0;
    if (this.#full.length >= blocksWaiting && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#wakeUp();
  }

  #finish(end: 'ready' | 'broken'): void {
    this.#end = end;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
