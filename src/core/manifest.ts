import type { Column, DdlSection, TableName } from './catalogue.ts';
import type { Reduction } from './read-rules.ts';
import type { Compression, Encoding, JobMode } from './request.ts';

/** The newest format version that this code reads. docs/dump-format.md describes it. */
export const manifestVersion = 4;

/** The version that is written: the oldest whose readers understand the set. */
export function versionOf({
  encoding,
  compression,
  encryption,
}: Pick<Manifest, 'encoding' | 'compression' | 'encryption'>): number {
  if (compression === 'gzip' || !['text', 'binary'].includes(encoding)) return 4;
  return encryption === undefined ? 2 : 3;
}

/** How the frames of a set are encrypted, and what its key is made with. No secret. */
export interface EncryptionFacts {
  readonly algorithm: 'aes-256-gcm-segments';
  readonly keyDerivation: {
    readonly function: 'scrypt';
    readonly n: number;
    readonly r: number;
    readonly p: number;
    /** Hex. */
    readonly salt: string;
  };
  /** Hex; tells whether a key is the right one. */
  readonly check: string;
}

/** `sha256:<64 hex digits>`: the algorithm travels with the value. */
export type Digest = `${string}:${string}`;

/** A piece of stored bytes: one zstd frame or gzip member, or the raw bytes themselves in a set without compression; either may be encrypted. */
export interface FrameRef {
  /** Name of the file, relative to the dump set's base. */
  readonly file: string;
  /** Its first byte within the file. */
  readonly offset: number;
  /** Stored length in bytes. */
  readonly length: number;
  /** Length after decompression. */
  readonly rawBytes: number;
  /** `stored-sha256:<64 hex digits>`: of the stored bytes. Sets of version 1 have `sha256:`, of the bytes after decompression. */
  readonly digest: Digest;
}

export interface ManifestUnit extends FrameRef {
  /** Unique in the set. */
  readonly id: string;
  readonly rows: number;
  /** How the engine wrote it where an encoding has variants (SQLite: `plain` or `tagged`); '' otherwise. */
  readonly variant: string;
}

export interface ManifestTable extends TableName {
  readonly tablespace: string | null;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly rawBytes: number;
  readonly encoding: Encoding;
  /** `failed`: the table's data is not whole; `error` says why, and its units are left out. */
  readonly status: 'complete' | 'failed';
  readonly error: string | null;
  /** In which ways its rows were made fewer or other on purpose; absent: every row and column, as they were. */
  readonly reduced?: readonly Reduction[];
  readonly units: readonly ManifestUnit[];
}

/** A DDL object: its text is a byte range of the section's raw text. */
export interface ManifestObject {
  readonly section: DdlSection;
  readonly type: string;
  readonly schema: string | null;
  readonly name: string;
  readonly table: string | null;
  readonly owner: string | null;
  /** Byte offsets into the raw (decompressed) text of the section. */
  readonly start: number;
  readonly end: number;
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Of the stored bytes. Null only for the file that holds the manifest itself. */
  readonly digest: Digest | null;
}

/** What is in a dump set. Its presence makes the set complete. */
export interface Manifest {
  readonly format: 'pumphouse-dump';
  readonly version: number;
  readonly job: { readonly id: string; readonly name: string };
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly completedAt: string;
  readonly source: { readonly engine: string; readonly serverVersion: string; readonly database: string };
  readonly mode: JobMode;
  readonly encoding: Encoding;
  readonly compression: Compression;
  /** Absent: not encrypted. */
  readonly encryption?: EncryptionFacts;
  /** Where in the source's history the snapshot stands, as the source says it (PostgreSQL: `0/1A2B3C4`, its LSN); absent: the source has no such thing, or several. */
  readonly position?: string;
  /** Never claims more than was had: `snapshot` only if all units were read through one snapshot. */
  readonly consistency: { readonly kind: 'snapshot' | 'table' | 'none'; readonly note: string };
  readonly tables: readonly ManifestTable[];
  /** The text of each section, one frame each. */
  readonly ddl: Readonly<Record<DdlSection, FrameRef>>;
  readonly objects: readonly ManifestObject[];
  readonly files: readonly ManifestFile[];
}
