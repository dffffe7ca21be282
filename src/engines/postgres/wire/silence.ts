/** Notices when the server, whose turn it is, says nothing for long, and has it probed. */
export class Silence {
  readonly #probe: () => Promise<void>;
  readonly #ms: number;
  #heardAt = 0;
  #serverIsDue = false;

  /** @param probe rejects with the reason when the server does not work for this connection any more */
  constructor(probe: () => Promise<void>, ms: number) {
    this.#probe = probe;
    this.#ms = ms;
  }

  /** Something came. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** The next move is the server's, so that silence counts. */
  expectServer(): void {
    this.#serverIsDue = true;
    this.heard();
  }

  /** The next move is ours. */
  expectNothing(): void {
    this.#serverIsDue = false;
  }

  /** Watches until the result is called; `onDead` gets the reason of a probe that failed. */
  watch(onDead: (reason: unknown) => void): () => void {
    let isOver = false;
    const timer = setInterval(() => {
      if (!this.#serverIsDue || performance.now() - this.#heardAt < this.#ms) return;
      // One probe at a time: the clock stands until it has an answer.
      this.expectNothing();
      this.#probe().then(
        () => {
          if (!isOver) this.expectServer();
        },
        (reason: unknown) => {
          if (!isOver) onDead(reason);
        },
      );
    }, this.#ms / 4);
    return () => {
      isOver = true;
      clearInterval(timer);
      this.expectNothing();
    };
  }
}
