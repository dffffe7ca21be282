import type { PipeSink } from './connection.ts';
import type { Reply } from './reply.ts';
import type { ReplySink } from './reply-builder.ts';
import { ProtocolError } from './resp-tokens.ts';

type Expected =
  | { readonly kind: 'call'; readonly answer: PromiseWithResolvers<Reply> }
  | { readonly kind: 'send'; left: number };

/** What a server was asked and has not answered, in order; hands each reply to whom it is for. */
export class Pending implements ReplySink {
  pipe: PipeSink | null = null;
  /** Somebody else reads the replies; how many are due is not known here any more. */
  isTakenOver = false;
  readonly #queue: Expected[] = [];
  /** `+OK`s for the pipe that were not told yet. */
  #oks = 0;

  get isEmpty(): boolean {
    return this.#queue.length === 0 && !this.isTakenOver;
  }

  addCall(): Promise<Reply> {
    const answer = Promise.withResolvers<Reply>();
    this.#queue.push({ kind: 'call', answer });
    return answer.promise;
  }

  addSend(replies: number): void {
    if (replies === 0 || this.isTakenOver) return;
    const last = this.#queue.at(-1);
    if (last?.kind === 'send') last.left += replies;
    else this.#queue.push({ kind: 'send', left: replies });
  }

  ok(): void {
    if (this.#queue[0]?.kind !== 'send') {
      this.reply('OK');
      return;
    }
    this.#oks += 1;
    this.#count();
  }

  reply(reply: Reply): void {
    const first = this.#queue[0];
    if (first === undefined) throw new ProtocolError('The server sent a reply that nobody asked for.');
    if (first.kind === 'call') {
      this.#queue.shift();
      first.answer.resolve(reply);
      return;
    }
    this.flush();
    this.#count();
    this.pipe?.reply(reply);
  }

  /** Tells the pipe what it was not told yet. */
  flush(): void {
    const count = this.#oks;
    if (count === 0) return;
    this.#oks = 0;
    this.pipe?.ok(count);
  }

  fail(reason: Error): void {
    for (const expected of this.#queue.splice(0)) {
      if (expected.kind === 'call') expected.answer.reject(reason);
    }
  }

  #count(): void {
    const first = this.#queue[0] as { left: number };
    first.left -= 1;
    if (first.left === 0) this.#queue.shift();
  }
}
