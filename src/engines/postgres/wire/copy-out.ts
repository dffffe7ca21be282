import type { Exchange, Flow } from './exchange.ts';
import { decodeRowCount, type ServerError, serverMessages } from './messages.ts';

/** Size of the blocks that a COPY is handed out in; only the last is smaller. */
export const copyBlockBytes = 256 * 1024;
/** With so many blocks waiting the server is held back. With the chunk at hand about 1.1 MB are in memory. */
const blocksWaiting = 4;

/**
 * A COPY TO STDOUT: the data as blocks, to be iterated once. A block is never used again by this side. Leaving the
 * iteration early abandons the connection.
 */
export class CopyOut implements Exchange, AsyncIterableIterator<Uint8Array, undefined> {
  readonly #flow: Flow;
  readonly #full: Buffer[] = [];
  #block: Buffer | null = null;
  #filled = 0;
  #rows = 0;
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

  copyData(source: Buffer, start: number, end: number): void {
    while (start < end) {
      this.#block ??= Buffer.allocUnsafeSlow(copyBlockBytes);
      const taken = Math.min(end - start, copyBlockBytes - this.#filled);
      source.copy(this.#block, this.#filled, start, start + taken);
      this.#filled += taken;
      start += taken;
      if (this.#filled === copyBlockBytes) this.#push(this.#block);
    }
  }

  message(type: number, body: Buffer): void {
    if (type === serverMessages.commandComplete) this.#rows = decodeRowCount(body);
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
