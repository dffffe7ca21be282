import type { Socket } from 'node:net';
import { lentBytes } from './transport.ts';

/** A bulk answer that brings less than this at once has been read up. */
const fewBytes = 64 * 1024;
/** So long nothing is read then: long enough for much to come, and too short for the server to fill the socket and stop. */
const restMs = 1;

/** What a socket brings, held back when asked. */
export class Inlet {
  readonly #socket: Socket;
  #isHeld = false;

  /**
   * @param receive gets the bytes; they are lent for the call
   * @param isBulk whether much more is to come. Then it is read in larger pieces, a moment later: PostgreSQL sends 8 KB at a time, and to be
   * woken for each costs both sides more than the data.
   */
  constructor(socket: Socket, receive: (chunk: Buffer) => void, isBulk: () => boolean) {
    this.#socket = socket;
    socket.on('data', receive);
    socket.on(lentBytes, (chunk: Buffer) => {
      receive(chunk);
      if (chunk.length < fewBytes && !this.#isHeld && isBulk()) this.#rest();
    });
    socket.resume();
  }

  /** Nothing is read until `release`. */
  hold(): void {
    this.#isHeld = true;
    this.#socket.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#socket.resume();
  }

  #rest(): void {
    this.#socket.pause();
    setTimeout(() => {
      if (!this.#isHeld) this.#socket.resume();
    }, restMs);
  }
}
