import type { OperationContext } from '../core/context.ts';

/** A file at a storage. */
export interface StoredFile {
  /** Relative to the location's base, with `/` between parts. */
  readonly name: string;
  readonly bytes: number;
}

/** First and last byte wanted, both inclusive, from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that can be produced again for a retry. */
export interface ByteSource {
  /** Each call starts from the first byte. `signal` ends the reading. The chunks are given away: the storage may free their memory. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface PutOptions {
  /** `fail`: throws `file-exists`. */
  readonly ifExists: 'fail' | 'replace';
  /** For planning part sizes; not checked. */
  readonly expectedBytes?: number;
}

/**
 * Write-once named bytes at one place. Drivers neither retry nor log nor sleep: layers do (stack.ts).
 * Names are relative, checked by `checkFileName`, and never leave the base.
 */
export interface Storage {
  /** Printable, without secrets: `file:///var/dumps`. */
  readonly description: string;
  /** False: what is written is thrown away. Whoever reports on a put says so. */
  readonly keeps: boolean;
  /** Stores `source` under `name`: visible whole or not at all. An aborted or failed put leaves nothing visible. Resolves to the stored size. */
  put(
    name: string,
    source: ByteSource,
    options: PutOptions,
    context: OperationContext,
  ): Promise<{ readonly bytes: number }>;
  /**
   * The bytes of a file, or of a range of it; the chunks are given away, so that their user may free their memory. Throws `file-missing`;
   * throws `dump-truncated` when the range is beyond the end.
   */
  get(name: string, range: ByteRange | null, context: OperationContext): AsyncIterable<Uint8Array>;
  /** Null when there is no such file. */
  stat(name: string, context: OperationContext): Promise<StoredFile | null>;
  /** The files whose name begins with `prefix`, ordered by name (byte order). Unfinished uploads never show. A missing base is an empty list. */
  list(prefix: string, context: OperationContext): AsyncIterable<StoredFile>;
  /** Removes a file; a missing one is no error. */
  remove(name: string, context: OperationContext): Promise<void>;
  /** Removes what killed processes left of unfinished uploads below `prefix`. */
  sweep(prefix: string, context: OperationContext): Promise<void>;
  /** Bytes that can still be written here; null where nobody knows (object storages). */
  freeBytes(context: OperationContext): Promise<number | null>;
  /** Writes, reads back and deletes a small file; throws in one sentence what is wrong. */
  probe(context: OperationContext): Promise<void>;
}

/** One kind of place. Construction is cold. */
export interface StorageDriver {
  /** URL schemes without colon. */
  readonly schemes: readonly string[];
  /** Throws `location-invalid`. No I/O. */
  open(url: URL): Storage;
}
