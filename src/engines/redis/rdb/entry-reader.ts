import { canRestore } from './commands.ts';
import { Feed } from './feed.ts';
import type { RdbFormat } from './format.ts';
import { auxOf, functionSourceOf } from './kept-strings.ts';
import { type ByteSupply, giveBody, giveCommands } from './large-value.ts';
import { coding } from './length-code.ts';
import { damaged, truncated } from './rdb-error.ts';
import type { RdbEntry, RdbVisitor, ReadOptions, ReadSummary } from './read-rdb.ts';
import { decodedContent } from './string-value.ts';
import { isOneString, valueType } from './value-types.ts';
import { event, type Walker } from './walker.ts';

/** Values above this are large, unless the options say otherwise. */
const defaultLargeBytes = 32 * 2 ** 20;
/** What a large value is given away in. */
const largestPiece = 256 * 1024;
/** How much is read before the visitor is asked whether it is ready for more. */
const bytesBetweenPauses = 256 * 1024;
/** Less than this is never large, so that a large value's head has been read when it is found to be one. */
const leastLarge = 64;
const nothing = new Uint8Array(0);

/** One reading of an RDB: see {@link readRdb}. */
export class EntryReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #visitor: RdbVisitor;
  readonly #options: ReadOptions;
  readonly #feed: Feed;
  readonly #largeBytes: number;
  readonly #entries = new Map<number, number>();
  readonly #aux = new Map<string, string>();
  readonly #notes = new Set<string>();
  readonly #entry: RdbEntry;
  #database: number;
  #count = 0;

  constructor(source: AsyncIterable<Uint8Array>, visitor: RdbVisitor, options: ReadOptions) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#visitor = visitor;
    this.#options = options;
    this.#feed = new Feed(true, options.fragment);
    this.#largeBytes = Math.max(leastLarge, options.largeBytes ?? defaultLargeBytes);
    this.#database = options.startDatabase ?? 0;
    this.#entry = {
      ...{ database: this.#database, key: nothing, type: 0, expireAt: -1 },
      ...{ idle: -1, frequency: -1, body: nothing },
    };
  }

  async read(): Promise<ReadSummary> {
    try {
      await this.#readItems();
      return this.#summary();
    } catch (error) {
      await this.#chunks.return?.();
      throw error;
    }
  }

  async #readItems(): Promise<void> {
    const feed = this.#feed;
    let pauseAt = bytesBetweenPauses;
    while (await this.#pull()) {
      for (let what = feed.next(); ; what = feed.next()) {
        if (what === event.entry) {
          if (!this.#visitEntry(feed.walker as Walker)) await this.#giveHeld(feed.walker as Walker);
        } else if (what !== event.none) {
          this.#visit(what, feed.walker as Walker);
        } else if (this.#hasLargeBegun()) {
          await this.#giveComing(feed.walker as Walker);
        } else {
          break;
        }
        if (feed.position >= pauseAt) {
          pauseAt = feed.position + bytesBetweenPauses;
          await this.#pause();
        }
      }
      if (feed.ended && feed.rest > 0) throw damaged('other bytes follow its end', feed.position);
      await this.#pause();
    }
    feed.assertEnd();
  }

  /** Takes the next chunk that has bytes; false: there is none. */
  async #pull(): Promise<boolean> {
    this.#feed.finishChunk();
    for (;;) {
      this.#options.signal.throwIfAborted();
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#feed.push(next.value);
      return true;
    }
  }

  async #pause(): Promise<void> {
    const wait = this.#visitor.ready?.() ?? null;
    if (wait !== null) await wait;
    this.#options.signal.throwIfAborted();
  }

  #visit(what: number, walker: Walker): void {
    const { bytes, bytesBase } = this.#feed;
    const at = walker.itemAt - bytesBase;
    if (what === event.database) {
      this.#endDatabase();
      this.#database = walker.database;
      this.#visitor.database?.(walker.database);
    } else if (what === event.aux) {
      const [name, value] = auxOf(bytes, at);
      this.#aux.set(name, value);
      this.#visitor.aux?.(name, value);
    } else if (what === event.functionLibrary) {
      this.#visitor.functionLibrary?.(functionSourceOf(bytes, at));
    } else if (what === event.moduleAux) {
      this.#notes.add(
        `The module ${walker.module} has stored data beside the keys, which no command can bring back.`,
      );
      this.#visitor.moduleAux?.(walker.module);
    } else if (what === event.slotImport) {
      this.#notes.add(
        'The server was taking slots over when it wrote this: of those, only some keys may be here.',
      );
    }
  }

  /** Gives the entry to the visitor; false: its value is a large one. */
  #visitEntry(walker: Walker): boolean {
    const { bytes, bytesBase, position } = this.#feed;
    this.#count += 1;
    this.#fill(walker);
    if (this.#isLarge(walker, position - walker.bodyAt)) return false;
    this.#entry.body = bytes.subarray(walker.bodyAt - bytesBase, position - bytesBase);
    this.#visitor.entry(this.#entry);
    return true;
  }

  #fill(walker: Walker): void {
    const { bytes, bytesBase } = this.#feed;
    const entry = this.#entry;
    entry.database = this.#database;
    entry.type = walker.code;
    entry.expireAt = walker.expireAt;
    entry.idle = walker.idle;
    entry.frequency = walker.frequency;
    const at = walker.keyAt + walker.keyHead - bytesBase;
    entry.key =
      walker.keyCoding === coding.plain
        ? bytes.subarray(at, at + walker.keyBytes)
        : decodedContent(bytes, at, walker.keyBytes, walker.keyPlain, walker.keyCoding);
  }

  #isLarge({ code }: Walker, bodyBytes: number): boolean {
    return bodyBytes > this.#largeBytes && this.#visitor.large !== undefined && code !== valueType.module;
  }

  /** Whether the bytes so far end in a value that is large already, or says that it will be. */
  #hasLargeBegun(): boolean {
    const { walker, position } = this.#feed;
    return walker?.isInBody === true && this.#isLarge(walker, position + walker.skip - walker.bodyAt);
  }

  /** A large value that lies in memory as a whole. */
  async #giveHeld(walker: Walker): Promise<void> {
    const { bytes, bytesBase, position } = this.#feed;
    let at = walker.bodyAt - bytesBase;
    const end = position - bytesBase;
    const left = await this.#give(walker, end - at, async (most) => {
      if (at === end) throw damaged('a value ends too early', position);
      const start = at;
      at = Math.min(end, at + Math.min(most, largestPiece));
      return bytes.subarray(start, at);
    });
    if (at - left !== end) throw damaged('bytes follow a value', walker.itemAt);
  }

  /** A large value whose bytes are still coming. */
  async #giveComing(walker: Walker): Promise<void> {
    const feed = this.#feed;
    this.#count += 1;
    this.#fill(walker);
    const bodyBytes = feed.position + walker.skip - walker.bodyAt;
    feed.rewind(walker.bodyAt);
    const left = await this.#give(walker, bodyBytes, async (most) => {
      for (;;) {
        const piece = feed.take(Math.min(most, largestPiece));
        if (piece.length > 0) return piece;
        if (!(await this.#pull())) throw truncated(feed.position);
      }
    });
    feed.giveBack(left);
    walker.leaveEntry(feed.position);
  }

  /** Gives a value to the visitor in the form that the target can take. Returns how many bytes of the supply belong to what follows. */
  async #give(walker: Walker, bodyBytes: number, supply: ByteSupply): Promise<number> {
    const { target } = this.#options;
    if (target === undefined) throw new TypeError('readRdb: `large` needs `target`');
    const format = this.#feed.format as RdbFormat;
    const entry = { ...this.#entry, key: this.#entry.key.slice(), body: nothing };
    const give: NonNullable<RdbVisitor['large']> = async (...given) => this.#visitor.large?.(...given);
    if (!isOneString(walker.code) || !canRestore(walker.code, format, target)) {
      return giveCommands(give, entry, format, target, supply);
    }
    await giveBody(give, entry, bodyBytes, supply);
    return 0;
  }

  #endDatabase(): void {
    if (
      this.#count === 0 &&
      this.#database === (this.#options.startDatabase ?? 0) &&
      !this.#entries.has(this.#database)
    )
      return;
    this.#entries.set(this.#database, (this.#entries.get(this.#database) ?? 0) + this.#count);
    this.#count = 0;
  }

  #summary(): ReadSummary {
    this.#endDatabase();
    const { format, checksum } = this.#feed;
    if (checksum === 'off')
      this.#notes.add('The RDB was written without a checksum: it could not be checked for damage.');
    return {
      format: format as RdbFormat,
      entries: this.#entries,
      aux: this.#aux,
      checksum: checksum as ReadSummary['checksum'],
      notes: [...this.#notes],
    };
  }
}
