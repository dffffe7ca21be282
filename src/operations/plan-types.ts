import type { DdlObject, Table, TableName } from '../core/catalogue.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { EncryptionFacts, FrameRef, Manifest, ManifestFile, ManifestUnit } from '../core/manifest.ts';
import type { Reduction } from '../core/read-rules.ts';
import type { Remap } from '../core/request.ts';
import type { FileToCopy } from '../dump/copy-file.ts';
import type { WrittenFile } from '../dump/data-file.ts';
import type { ExportLayout } from '../dump/layout.ts';
import type { ToClear, Unit, WriteUnit } from '../engines/engine.ts';

/** What the plans of all jobs that read a database hold. */
export interface SnapshotPlan {
  /** How a process that died finds the snapshot again; null when nobody can. */
  readonly snapshotToken: string | null;
}

/** Job.plan of an export: light, since every reader of the job gets it. */
export interface ExportPlan extends SnapshotPlan, RuleBase {
  readonly kind: 'export';
  readonly layout: ExportLayout;
  /** Names of the data files and, last, of the master, which files without a manifest have none of; empty for the folder form where the location can list: the folder says it all. */
  readonly files: readonly string[];
  readonly source: Manifest['source'];
  readonly createdAt: string;
  readonly tables: number;
  /** Of the snapshot, as Snapshot.position; absent: it has none. */
  readonly position?: string;
  /** What the engine promises of the rows, where that is not one instant for all; absent: it is. */
  readonly consistency?: Manifest['consistency'];
  /** Absent: the files are not encrypted. */
  readonly encryption?: EncryptionFacts;
}

/** What rules and masks come from: one for the life of a job, so that rows read before and after a restart are treated alike. */
export interface RuleBase {
  /** Secret of the job. */
  readonly hashKey: string;
  /** What `now()` means in filters, ISO 8601. */
  readonly readAt: string;
}

/** Payload of the tasks `data` (or `bare`) of an export: the units of one file. */
export interface ExportDataPayload {
  readonly file: string;
  readonly units: readonly Unit[];
  readonly bytes: number;
  /** By table key: changes when the columns of the table do. */
  readonly shapes: Readonly<Record<string, string>>;
  /** Names of files that go on where this one would outgrow the size that was asked for; absent: none. */
  readonly spare?: readonly string[];
}

/** Result of such a task. `written` null: every unit failed, so there is no file; or the job was to fail anyway. */
export interface ExportDataResult {
  readonly written: WrittenFile | null;
  readonly failed: readonly { readonly id: string; readonly error: ErrorRecord }[];
  /** Ids of units that are left to another task, since the file would have outgrown its size; absent: none. */
  readonly moved?: readonly string[];
}

/** Payload of the task `ddl`. */
export interface ExportDdlPayload {
  readonly schemas: readonly string[];
  readonly tables: readonly Table[];
}

/** Result of the task `ddl`. */
export interface ExportDdlResult {
  readonly objects: readonly DdlObject[];
}

/** Payload of the task `finish` (or `single`, which moves the data too). */
export interface ExportFinishPayload {
  readonly tables: readonly (Table & { readonly reduced: readonly Reduction[] })[];
  /** Data of the single-file form; empty otherwise. */
  readonly inline: readonly Unit[];
  /** Files of an earlier snapshot; absent: none. */
  readonly earlier?: {
    /** How many are in the set. */
    readonly kept: number;
    /** Keys of tasks whose files are not, because their tables have changed since. */
    readonly dropped: readonly string[];
  };
}

/** Job.result of an export. */
export interface ExportResult {
  /** As in the manifest. */
  readonly position?: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly failedTables: readonly string[];
}

/** Job.plan of an import. */
export interface ImportPlan {
  readonly kind: 'import';
  readonly source: Manifest['source'];
  readonly tables: number;
  /** Of the set; absent: it is not encrypted. */
  readonly encryption?: EncryptionFacts;
}

/** Payload of the tasks `data` of an import: one unit, with its target's names. */
export interface ImportDataPayload {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly encoding: Manifest['encoding'];
  readonly wholeTable: boolean;
  readonly parts: number;
  readonly unit: ManifestUnit;
  /** Of the unit's file. */
  readonly compression: Manifest['compression'];
  /** As of WriteUnit; absent: no row is there, or its engine knows no such thing. */
  readonly existingRows?: NonNullable<WriteUnit['existingRows']>;
  /** Absent: none. */
  readonly keyPrefixes?: readonly Remap[];
}

/** Payload of the tasks that run DDL. */
export interface ApplyPayload {
  readonly objects: readonly DdlObject[];
}

/** Payload of the task `clear`. */
export interface ClearPayload {
  readonly tables: readonly ToClear[];
}

/** Payload of the task `finish` of an import. */
export interface ImportFinishPayload {
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: number;
    readonly units: readonly string[];
    /** The table had rows of its own, so that it cannot be counted. */
    readonly appended: boolean;
  }[];
  /** Of all files of the dump set. */
  readonly setBytes: number;
}

/** Result of the tasks of an import that read the dump set. */
export interface ReadResult {
  /** Bytes that were fetched from the storage. */
  readonly bytesRead: number;
}

/** Job.result of an import. */
export interface ImportResult {
  readonly tables: number;
  readonly rows: number;
  readonly failedTables: readonly string[];
  /** Bytes that were fetched from the storage, the checking before the writing included. */
  readonly bytesRead: number;
}

/** Payload of the tasks `verify`: one file, or some frames of it. */
export interface VerifyPayload {
  readonly file: ManifestFile;
  /** Absent: the file from end to end. */
  readonly frames?: {
    readonly compression: Manifest['compression'];
    readonly wanted: readonly (FrameRef & { readonly table: TableName })[];
  };
}

/** Job.result of a verification. */
export interface VerifyResult {
  readonly files: number;
  /** Names of the files whose digest differs. */
  readonly damaged: readonly string[];
}

/** Job.plan of a copy. */
export interface CopyPlan extends SnapshotPlan, RuleBase {
  readonly kind: 'copy';
  readonly source: Manifest['source'];
  readonly tables: number;
}

/** Payload of the tasks `data` of a copy: one unit of the source, with its target's names. */
export interface CopyDataPayload {
  readonly schema: string;
  readonly name: string;
  readonly unit: Unit;
  readonly encoding: Manifest['encoding'];
  readonly wholeTable: boolean;
}

/** Result of such a task. */
export interface CopyDataResult {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Payload of the task `prepare` of a copy: what was decided when the target was still as it had been. A plan under another snapshot goes by
 * it, because by then the target has what this job made.
 */
export interface CopyPreparePayload extends ApplyPayload {
  /** Changes with what is made before the data, and with the tables and their columns. */
  readonly digest: string;
  /** Whose rows are written, by the target's names; a table's place here is part of the keys of its units. */
  readonly tables: readonly TableName[];
  /** Keys (see objectKey) of objects that are not made, because they exist. */
  readonly left: readonly string[];
  /** As TargetPlan.order. */
  readonly order: readonly (readonly [string, readonly string[]])[];
  /** As TargetPlan.errors. */
  readonly errors: number;
}

/** Payload of the task `finish` of a copy. */
export interface CopyFinishPayload {
  readonly tables: readonly TableName[];
}

/** Job.result of a copy. */
export interface CopyResult {
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  readonly failedTables: readonly string[];
}

/** Payload of the tasks `file` and `master` of a copy of a dump set. */
export interface DumpFilePayload {
  readonly file: FileToCopy;
}

/** Job.plan of a copy of a dump set. */
export interface DumpCopyPlan {
  readonly kind: 'dump_copy';
  /** Names at both places; the master is the last. */
  readonly files: readonly string[];
  /** Beginnings of names that are of the set alone. */
  readonly prefixes: readonly string[];
}

/** Job.result of a copy of a dump set. */
export interface DumpCopyResult {
  readonly files: number;
  readonly bytes: number;
}

/** Job.plan of a removal of a dump set. */
export interface DumpDeletePlan {
  readonly kind: 'dump_delete';
  /** The master is the first. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Job.result of a removal of a dump set. */
export interface DumpDeleteResult {
  readonly files: number;
  readonly bytes: number;
}
