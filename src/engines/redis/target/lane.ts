import type { Address } from '../client/address.ts';
import type { RedisConnection } from '../client/connection.ts';
import type { Reply } from '../client/reply.ts';
import { commandEnd } from './command-bytes.ts';

/** What becomes of the answers to a lane's commands. */
export interface LaneReplies {
  /** So many commands were answered with OK. */
  ok(count: number): void;
  /** Any other answer, to the command that begins at `start` of `bytes`; these are valid during the call only. */
  other(reply: Reply, bytes: Uint8Array, start: number): void;
}

/** Commands on their way: kept until all of them are answered, so that a refused one can be sent elsewhere. */
export interface Block {
  readonly bytes: Buffer;
  /** Where the next command begins. */
  end: number;
  commands: number;
  answered: number;
  /** The command that was looked at last, and where it begins. */
  seen: number;
  seenAt: number;
}

/** A connection that takes many commands at once. */
export interface Lane {
  readonly address: Address;
  readonly database: number;
  /** Whether the connection can be used again: nothing is owed to it, and it has not failed. */
  readonly isClean: boolean;
  /** Who is told of answers from now on. */
  use(replies: LaneReplies): void;
  /** A block with room for a command of so many bytes; the caller writes it at `end`, and calls {@link Lane.added}. */
  open(room: number): Block;
  /** A command was written into the open block, up to `end`. */
  added(block: Block, end: number): void;
  /** Sends what waits in the open block. */
  flush(): void;
  /** Null, or resolves, when no more than so many bytes are unanswered. */
  below(bytes: number): Promise<void> | null;
  /** One command in pieces, each of which is done with when the next is asked for. Resolves to its answer. */
  stream(pieces: AsyncIterable<Uint8Array>): Promise<Reply>;
  /** Whoever waits for the lane is told so; it is of no use afterwards. */
  fail(reason: unknown): void;
  close(): Promise<void>;
}

const blockBytes = 64 * 1024;
/** A socket that was given so much asks to be waited for, until all of it is on its way. */
const fillsSocket = 128 * 1024;

export function createLane(connection: RedisConnection, database: number): Lane {
  /** Sent, in this order; a number-less one is a command in pieces. */
  const sent: (Block | Single)[] = [];
  const spare: Block[] = [];
  let current: Block | null = null;
  let inFlight = 0;
  let replies: LaneReplies | null = null;
  let failure: { readonly reason: unknown } | null = null;
  let waiting: Waiting | null = null;

  const fail = (reason: unknown): void => {
    if (failure !== null) return;
    failure = { reason };
    waiting?.reject(reason);
    waiting = null;
    for (const one of sent) if ('settle' in one) one.reject(reason);
    // Whoever waits for room in the socket is told by this.
    void connection[Symbol.asyncDispose]();
  };
  const onClosed = (): void => fail(connection.closed.reason);
  if (connection.closed.aborted) onClosed();
  else connection.closed.addEventListener('abort', onClosed, { once: true });

  const answered = (block: Block, count: number): void => {
    block.answered += count;
    if (block.answered < block.commands) return;
    sent.shift();
    inFlight -= block.end;
    if (block.bytes.length === blockBytes) spare.push(block);
    if (waiting === null || inFlight > waiting.bytes) return;
    waiting.resolve();
    waiting = null;
  };
  connection.onReplies({
    ok(count) {
      for (let left = count; left > 0; ) {
        const first = sent[0];
        if (first === undefined) throw new Error('The server answered more than it was asked.');
        if ('settle' in first) {
          sent.shift();
          first.settle('OK');
          left -= 1;
          continue;
        }
        const own = Math.min(left, first.commands - first.answered);
        replies?.ok(own);
        answered(first, own);
        left -= own;
      }
    },
    reply(reply) {
      const first = sent[0];
      if (first === undefined) throw new Error('The server answered more than it was asked.');
      if ('settle' in first) {
        sent.shift();
        first.settle(reply);
        return;
      }
      for (; first.seen < first.answered; first.seen += 1)
        first.seenAt = commandEnd(first.bytes, first.seenAt);
      replies?.other(reply, first.bytes, first.seenAt);
      answered(first, 1);
    },
  });

  /** The lane's failure is told by `closed`. */
  const send = (bytes: Uint8Array, count: number): Promise<void> | null => {
    const written = connection.send(bytes, count);
    written?.catch(() => undefined);
    return written;
  };
  const flush = (): void => {
    const block = current;
    if (block === null) return;
    current = null;
    sent.push(block);
    inFlight += block.end;
    if (failure === null) void send(block.bytes.subarray(0, block.end), block.commands);
  };

  return {
    address: connection.address,
    database,
    get isClean() {
      return failure === null && sent.length === 0 && current === null;
    },
    use(next) {
      replies = next;
    },
    open(room) {
      if (current !== null && current.end + room > current.bytes.length) flush();
      current ??= takeBlock(spare, room);
      return current;
    },
    added(block, end) {
      block.end = end;
      block.commands += 1;
      if (end > blockBytes) flush();
    },
    flush,
    below(bytes) {
      if (failure !== null) return Promise.reject(failure.reason);
      if (inFlight <= bytes) return null;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting = { bytes, resolve, reject };
      return promise;
    },
    async stream(pieces) {
      flush();
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      promise.catch(() => undefined);
      let hasBegun = false;
      for await (const piece of pieces) {
        if (failure !== null) throw failure.reason;
        // The answer may come before the last piece: an error needs no payload.
        if (!hasBegun) sent.push({ settle: resolve, reject });
        // Of a small piece the socket does not say when it is through with it; of one that fills it, it does.
        const own = piece.length < fillsSocket ? Buffer.from(piece) : piece;
        await send(own, hasBegun ? 0 : 1);
        hasBegun = true;
      }
      return await promise;
    },
    fail,
    async close() {
      connection.closed.removeEventListener('abort', onClosed);
      await connection[Symbol.asyncDispose]();
    },
  };
}

interface Single {
  readonly settle: (reply: Reply) => void;
  readonly reject: (reason: unknown) => void;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

function takeBlock(spare: Block[], room: number): Block {
  const fresh = { end: 0, commands: 0, answered: 0, seen: 0, seenAt: 0 };
  const old = room <= blockBytes ? spare.pop() : undefined;
  if (old !== undefined) return Object.assign(old, fresh);
  return { bytes: Buffer.allocUnsafeSlow(Math.max(room, blockBytes)), ...fresh };
}
