import { AppError } from '../../../core/errors.ts';
import type { RdbScanner } from '../rdb/scan-rdb.ts';
import { type Framing, markBytes } from './sync-framing.ts';

/** Gets the bytes of an RDB cut where its logical databases begin. */
export interface PieceSink {
  /** Lent for the call. */
  bytes(chunk: Uint8Array, start: number, end: number): void;
  /** The bytes of the piece are all there, and this is how many keys it has. */
  pieceEnds(rows: number): void;
  /** The last piece ended, and the server has said that this was all. */
  streamEnds(): void;
}

/**
 * So many bytes are held back: a SELECTDB or the end is known when it has been read whole, and then its first byte must still be here.
 */
const heldBytes = 24;

/** The opcode and the checksum that end an RDB: they belong to the last piece, also where that has no keys. */
const endBytes = 9;

/**
 * Walks the bytes of a replication stream, checks them to the end, and cuts them: all before the second database, header included, are the first
 * piece; the end is in the last. Whatever is not whole and right throws; a stream that just stops is found by {@link SyncPieces.isWhole}.
 */
export class SyncPieces {
  readonly #scanner: RdbScanner;
  readonly #framing: Framing;
  readonly #databases: readonly number[];
  readonly #sink: PieceSink;
  readonly #server: string;
  /** Bytes that were scanned and not handed on yet. */
  #held: Buffer = Buffer.alloc(0);
  /** Offset of the first byte that was not handed on. */
  #at = 0;
  #piece = 0;
  /** What came of the mark. */
  #mark = 0;
  #isWhole = false;

  /** @param databases those that are expected, in order: a piece for each, keys or not */
  constructor(
    scanner: RdbScanner,
    framing: Framing,
    databases: readonly number[],
    sink: PieceSink,
    server: string,
  ) {
    this.#scanner = scanner;
    this.#framing = framing;
    this.#databases = databases;
    this.#sink = sink;
    this.#server = server;
  }

  /** The RDB ended, its checksum is right, and the framing agrees. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Bytes of the RDB that came. */
  get position(): number {
    return this.#scanner.position;
  }

  /** @param chunk lent for the call */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#scanner.ended) {
      this.#afterEnd(chunk);
      return;
    }
    const chunkAt = this.#at + this.#held.length;
    this.#scanner.push(chunk);
    const isEnded = this.#scanner.ended;
    const last = chunkAt + chunk.length - (isEnded ? this.#scanner.surplus : 0);
    for (const mark of this.#scanner.takeMarks()) {
      if (mark.kind === 'end') {
        this.#handOn(chunk, chunkAt, mark.at - endBytes);
        while (this.#piece < this.#databases.length - 1) this.#nextPiece();
        this.#handOn(chunk, chunkAt, mark.at);
        this.#nextPiece();
      } else {
        const piece = this.#pieceOf(mark.database);
        if (piece > this.#piece) this.#handOn(chunk, chunkAt, mark.at);
        while (this.#piece < piece) this.#nextPiece();
      }
    }
    if (isEnded) {
      this.#checkLength();
      this.#afterEnd(chunk.subarray(last - chunkAt));
    } else {
      this.#handOn(chunk, chunkAt, last - heldBytes);
      this.#hold(chunk, chunkAt, last);
    }
  }

  /** Hands on all bytes before the offset `to`, from what was held and from the chunk. */
  #handOn(chunk: Buffer, chunkAt: number, to: number): void {
    if (to <= this.#at) return;
    const ofHeld = Math.min(to - this.#at, this.#held.length);
    if (ofHeld > 0) {
      this.#sink.bytes(this.#held, 0, ofHeld);
      this.#held = this.#held.subarray(ofHeld);
      this.#at += ofHeld;
    }
    if (to > this.#at) {
      this.#sink.bytes(chunk, this.#at - chunkAt, to - chunkAt);
      this.#at = to;
    }
  }

  #hold(chunk: Buffer, chunkAt: number, last: number): void {
    const fresh = chunk.subarray(Math.max(0, this.#at - chunkAt), last - chunkAt);
    this.#held = Buffer.concat([this.#held, fresh]);
  }

  #nextPiece(): void {
    this.#sink.pieceEnds(this.#scanner.keysIn(this.#databases[this.#piece] as number));
    this.#piece += 1;
  }

  #pieceOf(database: number): number {
    const piece = this.#databases.indexOf(database);
    if (piece >= this.#piece) return piece;
    throw new AppError('snapshot-lost', {
      message: `The snapshot of ${this.#server} holds the logical database db${database}, which was empty when the export was planned.`,
      operation: 'read the snapshot',
    });
  }

  #checkLength(): void {
    if (this.#framing.kind === 'mark' || this.#framing.bytes === this.position) return;
    throw damaged(
      `announced ${this.#framing.bytes} bytes, and its snapshot ends after ${this.position}`,
      this.#server,
    );
  }

  #afterEnd(chunk: Buffer): void {
    const mark = this.#framing.kind === 'mark' ? this.#framing.mark : null;
    if (mark === null) {
      if (chunk.length > 0) throw damaged('sent more after its snapshot', this.#server);
    } else {
      const isRight =
        chunk.length <= markBytes - this.#mark &&
        chunk.equals(mark.subarray(this.#mark, this.#mark + chunk.length));
      if (!isRight) throw damaged('sent something else where its snapshot must end', this.#server);
      this.#mark += chunk.length;
      if (this.#mark < markBytes) return;
    }
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#sink.streamEnds();
  }
}

const damaged = (what: string, server: string): AppError =>
  new AppError('database-unreachable', {
    message: `The database server ${server} ${what}.`,
    hint: 'Nothing to do: the same work may succeed when it is tried again.',
    operation: 'read the snapshot',
  });
