import type { Socket } from 'node:net';
import type { Spill } from './shared-limits.ts';

/** What a stream may hold for its reader before its socket is paused. */
export const shareBytes = 2 * 1024 * 1024;
/** How much is taken in at a time so that the server sees progress, though the reader does not want it. */
const sipBytes = 1024 * 1024;

/**
 * Keeps a socket from bringing more than its reader takes, and the server from ending it: that one gives up after `repl-timeout` without any
 * progress, whatever the speed. While the reader stands still, a sip is taken every fifth of that time, for as long as the spill has room.
 */
export class SyncPace implements Disposable {
  readonly #socket: Socket;
  readonly #spill: Spill;
  readonly #sipMs: number;
  readonly #onFull: () => void;
  #limit = shareBytes;
  #spilled = 0;
  #held = 0;
  #pausedAt: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #longestPause = 0;
  #wasFull = false;

  /** @param onFull told once, when there is no more room: the server will end the stream */
  constructor(socket: Socket, spill: Spill, replTimeoutMs: number, onFull: () => void) {
    this.#socket = socket;
    this.#spill = spill;
    this.#sipMs = replTimeoutMs / 5;
    this.#onFull = onFull;
  }

  get isPaused(): boolean {
    return this.#pausedAt !== null;
  }

  /** For how long nothing was taken in, at most. */
  get longestPauseMs(): number {
    return Math.max(this.#longestPause, this.#pausedAt === null ? 0 : performance.now() - this.#pausedAt);
  }

  /** @param bytes that wait for the reader by now */
  holds(bytes: number): void {
    this.#held = bytes;
    while (this.#spilled > 0 && bytes + sipBytes <= this.#limit) {
      this.#limit -= sipBytes;
      this.#spilled -= sipBytes;
      this.#spill.give(sipBytes);
    }
    if (bytes >= this.#limit) this.#pause();
    else if (bytes < shareBytes) this.#resume();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#spill.give(this.#spilled);
    this.#spilled = 0;
  }

  #pause(): void {
    if (this.#pausedAt !== null) return;
    this.#pausedAt = performance.now();
    this.#socket.pause();
    this.#timer = setTimeout(this.#sip, this.#sipMs);
  }

  #resume(): void {
    if (this.#pausedAt === null) return;
    this.#longestPause = this.longestPauseMs;
    this.#pausedAt = null;
    clearTimeout(this.#timer);
    this.#socket.resume();
  }

  readonly #sip = (): void => {
    if (this.#spill.take(sipBytes)) {
      this.#spilled += sipBytes;
      this.#limit = Math.max(this.#limit, this.#held) + sipBytes;
      this.#resume();
      return;
    }
    if (!this.#wasFull) this.#onFull();
    this.#wasFull = true;
    this.#timer = setTimeout(this.#sip, this.#sipMs);
  };
}
