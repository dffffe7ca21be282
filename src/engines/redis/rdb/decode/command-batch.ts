const mostElements = 256;
const mostBytes = 2 ** 20;

/** A command in the making that takes any number of elements. */
export class CommandBatch {
  readonly #head: readonly Uint8Array[];
  #command: Uint8Array[];
  #elements = 0;
  #bytes = 0;

  /** @param head the arguments before the elements */
  constructor(...head: readonly Uint8Array[]) {
    this.#head = head;
    this.#command = [...head];
  }

  /** Adds an element, of one argument or two. True: that is enough, {@link take} it. */
  add(one: Uint8Array, two?: Uint8Array): boolean {
    this.#command.push(one);
    this.#bytes += one.length;
    if (two !== undefined) {
      this.#command.push(two);
      this.#bytes += two.length;
    }
    this.#elements += 1;
    return this.#elements >= mostElements || this.#bytes >= mostBytes;
  }

  get isEmpty(): boolean {
    return this.#elements === 0;
  }

  /** The command; the next one begins. */
  take(): readonly Uint8Array[] {
    const command = this.#command;
    this.#command = [...this.#head];
    this.#elements = 0;
    this.#bytes = 0;
    return command;
  }
}
