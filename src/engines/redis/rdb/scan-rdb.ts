import { type Checksum, Feed } from './feed.ts';
import type { RdbFormat } from './format.ts';
import { auxOf } from './kept-strings.ts';
import { event, type Walker } from './walker.ts';

/** A place where a stream of an RDB can be cut. */
export interface RdbMark {
  /** Offset from the RDB's first byte: of the SELECTDB opcode, or of what follows the checksum at the end. */
  readonly at: number;
  readonly kind: 'database' | 'end';
  /** The logical database that begins, or the last one. */
  readonly database: number;
}

/**
 * Looks through an RDB while it passes, for exports: where the logical databases begin, where it ends, whether it is whole. Chunks may have
 * any size and stay the caller's; values are skipped, never copied. A chunk throws `dump-damaged` when it cannot be right, and
 * `unsupported`, naming type and key, for what this version cannot walk.
 */
export interface RdbScanner {
  /** Takes the next bytes. After the end they are only counted, as `surplus`. */
  push(chunk: Uint8Array): void;
  /** Those passed since the last call. */
  takeMarks(): readonly RdbMark[];
  /** Null until the magic has come. */
  readonly format: RdbFormat | null;
  /** The mark of the end has come, and a checksum that is right, or none (see `checksum`). */
  readonly ended: boolean;
  readonly checksum: Checksum;
  /** Bytes of the RDB so far. */
  readonly position: number;
  /** Keys of a logical database so far. */
  keysIn(database: number): number;
  /** What the server wrote about itself: `redis-ver` or `valkey-ver`, `ctime`, `used-mem`. */
  readonly aux: ReadonlyMap<string, string>;
  /** Bytes of the last chunk that follow the end of the RDB (the mark that closes a replication stream). */
  readonly surplus: number;
  /** The modules whose values or own data it holds. */
  readonly modules: ReadonlySet<string>;
  /** Function libraries so far. */
  readonly functions: number;
  /** Call when no more bytes come: throws `dump-truncated` unless the end has come. */
  assertEnd(): void;
}

export const createRdbScanner = (): RdbScanner => new FeedScanner();

class FeedScanner implements RdbScanner {
  readonly aux = new Map<string, string>();
  readonly modules = new Set<string>();
  functions = 0;
  surplus = 0;
  readonly #feed = new Feed(false, null);
  readonly #keys = new Map<number, number>();
  #marks: RdbMark[] = [];
  #database = 0;
  /** Of the current database, since it was begun. */
  #count = 0;

  get format(): RdbFormat | null {
    return this.#feed.format;
  }

  get ended(): boolean {
    return this.#feed.ended;
  }

  get checksum(): Checksum {
    return this.#feed.checksum;
  }

  get position(): number {
    return this.#feed.position;
  }

  push(chunk: Uint8Array): void {
    const feed = this.#feed;
    if (feed.ended) {
      this.surplus = chunk.length;
      return;
    }
    feed.push(chunk);
    for (let what = feed.next(); what !== event.none; what = feed.next()) {
      if (what !== event.entry) this.#note(what, feed.walker as Walker);
      else this.#noteEntry(feed.walker as Walker);
    }
    feed.finishChunk();
    if (!feed.ended) return;
    this.surplus = feed.rest;
    this.#marks.push({ at: feed.position, kind: 'end', database: this.#database });
  }

  takeMarks(): readonly RdbMark[] {
    if (this.#marks.length === 0) return noMarks;
    const marks = this.#marks;
    this.#marks = [];
    return marks;
  }

  keysIn(database: number): number {
    return (this.#keys.get(database) ?? 0) + (database === this.#database ? this.#count : 0);
  }

  assertEnd(): void {
    this.#feed.assertEnd();
  }

  #noteEntry(walker: Walker): void {
    this.#count += 1;
    if (walker.isModuleValue) this.#noteModule(walker.module);
  }

  #noteModule(module: string): void {
    if (this.modules.size < mostModules) this.modules.add(module);
  }

  #note(what: number, walker: Walker): void {
    if (what === event.database) {
      this.#keys.set(this.#database, (this.#keys.get(this.#database) ?? 0) + this.#count);
      this.#count = 0;
      this.#database = walker.database;
      this.#marks.push({ at: walker.itemAt, kind: 'database', database: walker.database });
    } else if (what === event.aux) {
      const [name, value] = auxOf(this.#feed.bytes, walker.itemAt - this.#feed.bytesBase);
      this.aux.set(name, value);
    } else if (what === event.moduleAux) {
      this.#noteModule(walker.module);
    } else if (what === event.functionLibrary) {
      this.functions += 1;
    }
  }
}

/** Far more than a server can load. */
const mostModules = 1000;
const noMarks: readonly RdbMark[] = [];
