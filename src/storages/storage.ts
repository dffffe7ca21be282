import type { Secret } from '../base/secret.ts';
import type { OperationContext } from '../core/context.ts';
import type { Network } from '../network/network.ts';

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
  /**
   * Called whenever bytes of the upload have left, also when no further chunk is asked for: a part of some MiB takes minutes on a slow line,
   * and that is no silence.
   */
  readonly onSent?: () => void;
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
  /** False: the place cannot tell what it holds (plain HTTP), and `list` throws `unsupported`. Whoever knows the names asks `stat`. */
  readonly lists: boolean;
  /** Present: somebody has said that nothing is to be written here (operations/read-only-storage.ts). */
  readonly readOnly?: true;
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
  /**
   * Removes what killed processes left of unfinished uploads below `prefix`. Callers sweep below names of their own only: where a storage does
   * not tell who made an upload (S3), all go that this process has not under way, and a writer elsewhere has to begin that file again.
   */
  sweep(prefix: string, context: OperationContext): Promise<void>;
  /** Bytes that can still be written here; null where nobody knows (object storages). */
  freeBytes(context: OperationContext): Promise<number | null>;
  /** Writes, reads back and deletes a small file; throws in one sentence what is wrong. Nothing is tried twice. */
  probe(context: OperationContext): Promise<void>;
}

/** What a storage is entered with, unsealed: never log it. */
export interface StorageCredential {
  /** The user's name for it: printable. */
  readonly name: string;
  /** One of the driver's credential types. */
  readonly type: string;
  /** Access key id, account, user name: whatever the type calls it. Printable. */
  readonly id: string | null;
  readonly secret: Secret | null;
}

/** A credential with its options, unsealed: never log it. */
export interface OpenedCredential extends StorageCredential {
  /** By name; those of the place's URL count more. */
  readonly options: Readonly<Record<string, string>>;
}

/** Where a storage is, and as whom it is entered. */
export interface StoragePlace {
  /** Without password, query and fragment. */
  readonly url: URL;
  /** From the URL's query, over the credential's options. Only names that the driver declares. */
  readonly options: Readonly<Record<string, string>>;
  /** Null: anonymous, or what the driver finds in the environment. */
  readonly credential: StorageCredential | null;
  /** Every connection to the place goes through it. */
  readonly network: Network;
}

/** A setting of a place: `endpoint`, `region`. */
export interface PlaceOption {
  readonly name: string;
  /** For the docs and for error messages: one sentence without full stop. */
  readonly help: string;
  /** The words that it takes, where there are only some: a credential with another one is refused when it is added. */
  readonly values?: readonly string[];
}

/** A kind of credential, as `credential add --type` takes it. */
export interface CredentialType {
  /** `s3` */
  readonly id: string;
  /** What `--id` is: `access key id`; null: the type takes none. */
  readonly idName: string | null;
  /** What the secret is: `secret access key`. */
  readonly secretName: string;
  /** Which of them must be given; `choice`: both, or the option `keys` (those of the environment or the instance). */
  readonly needs: 'id-and-secret' | 'secret' | 'choice';
  /** Options beyond those of the places, which every credential of the driver may hold too. */
  readonly options: readonly PlaceOption[];
}

/** One kind of place. Construction is cold. */
export interface StorageDriver {
  /** URL schemes without colon. */
  readonly schemes: readonly string[];
  /** One location as an example: `s3://bucket/prefix`. */
  readonly example: string;
  /** What may stand in the query of a location, or in the options of a credential. */
  readonly options: readonly PlaceOption[];
  readonly credentialTypes: readonly CredentialType[];
  /** What to do with a URL whose query is signed; absent: nothing that is known. */
  readonly signedUrlHint?: string;
  /** Its places are on the machine of the process: others do not see them, unless the folder is shared. Absent: they are for everybody. */
  readonly isLocal?: boolean;
  /** Calls at once that one kind of place takes well; absent: the stack's own number. */
  readonly concurrency?: number;
  /** Throws `location-invalid`. No I/O. The storage may keep connections between calls, and closes idle ones by itself after some seconds. */
  open(place: StoragePlace): Storage;
}
