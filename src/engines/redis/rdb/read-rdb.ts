import type { TargetTraits } from './commands.ts';
import { EntryReader } from './entry-reader.ts';
import type { Checksum } from './feed.ts';
import type { RdbFormat } from './format.ts';

/** One key with its value. A single object that is filled anew for each key; its byte arrays are valid during the call only. */
export interface RdbEntry {
  database: number;
  /** The name, decoded. */
  key: Uint8Array;
  /** See value-types.ts; what some numbers mean depends on the RDB's format. */
  type: number;
  /** Milliseconds since 1970, perhaps in the past; -1: never. */
  expireAt: number;
  /** Seconds since the last use; -1: not said. */
  idle: number;
  /** The counter of uses, 0 to 255; -1: not said. */
  frequency: number;
  /** The value as the RDB has it, without the type. */
  body: Uint8Array;
}

/** The value of an entry that is too long to be held. Whatever is not read of it is skipped. */
export type LargeValue =
  | {
      /** The body is one string of the RDB; the target knows the entry's type. */
      readonly kind: 'string';
      readonly bodyBytes: number;
      /** The body, byte for byte. A piece is valid until the next is asked for. */
      readonly pieces: AsyncIterable<Uint8Array>;
    }
  | {
      readonly kind: 'commands';
      /** Arguments of commands that make the value, the name first, the key second. */
      readonly commands: AsyncIterable<readonly Uint8Array[]>;
    };

/** Is called for what an RDB holds, in its order. */
export interface RdbVisitor {
  database?(database: number): void;
  /** What the server wrote about itself. */
  aux?(name: string, value: string): void;
  functionLibrary?(source: Uint8Array): void;
  /** A module wrote something beside the keys, which only that module can read. */
  moduleAux?(module: string): void;
  entry(entry: RdbEntry): void;
  /** Instead of `entry`, for values above `largeBytes` that can be taken apart (all but those of modules). `body` is empty. */
  large?(entry: RdbEntry, value: LargeValue): Promise<void>;
  /** Asked between entries, at least once for each MB: nothing more is read before it resolves. */
  ready?(): Promise<void> | null;
}

export interface ReadOptions {
  /**
   * Null: the bytes are a whole RDB, from its magic to its checksum, and anything else is an error. Else they are a part of one in that
   * format, cut between entries: the magic is there only in the first, the end only in the last.
   */
  readonly fragment: RdbFormat | null;
  /** Of a fragment that does not begin with one. */
  readonly startDatabase?: number;
  /** Values with longer bodies go to `large`. Default: 32 MiB. */
  readonly largeBytes?: number;
  /** Whom large values are meant for: decides whether they come as bodies or as commands. Needed with `large`. */
  readonly target?: TargetTraits;
  readonly signal: AbortSignal;
}

export interface ReadSummary {
  readonly format: RdbFormat;
  /** Entries by logical database; one that has been begun and holds none is there with 0. */
  readonly entries: ReadonlyMap<number, number>;
  readonly aux: ReadonlyMap<string, string>;
  readonly checksum: Exclude<Checksum, 'unknown'>;
  /** Sentences about what cannot be carried over, or could not be checked. */
  readonly notes: readonly string[];
}

/**
 * Reads an RDB, in chunks of any size, which stay the caller's: each is done with when the next is asked for. Holds one value at a time.
 * Rejects with `dump-damaged`, `dump-truncated` or `unsupported`, saying where; a whole RDB resolves only when its checksum was right (or
 * switched off, which a note says). The visitor has seen entries by then: what it did with them is its own to undo.
 */
export function readRdb(
  source: AsyncIterable<Uint8Array>,
  visitor: RdbVisitor,
  options: ReadOptions,
): Promise<ReadSummary> {
  return new EntryReader(source, visitor, options).read();
}
