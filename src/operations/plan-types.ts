import type { DdlObject, Table } from '../core/catalogue.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { Manifest, ManifestFile, ManifestUnit } from '../core/manifest.ts';
import type { WrittenFile } from '../dump/data-file.ts';
import type { DumpLayout } from '../dump/layout.ts';
import type { Unit } from '../engines/engine.ts';

/** Job.plan of an export: light, since every reader of the job gets it. */
export interface ExportPlan {
  readonly kind: 'export';
  readonly layout: DumpLayout;
  /** Names of the data files and, last, of the master; empty for the folder form, whose folder says it all. */
  readonly files: readonly string[];
  /** How a process that died finds the snapshot again; null when nobody can. */
  readonly snapshotToken: string | null;
  /** The most units that the snapshot can read at once. */
  readonly lanes: number;
  readonly source: Manifest['source'];
  readonly createdAt: string;
  readonly tables: number;
}

/** Payload of the tasks `data` of an export: the units of one file. */
export interface ExportDataPayload {
  readonly file: string;
  readonly units: readonly Unit[];
  readonly bytes: number;
}

/** Result of such a task. `written` null: every unit failed, so there is no file. */
export interface ExportDataResult {
  readonly written: WrittenFile | null;
  readonly failed: readonly { readonly id: string; readonly error: ErrorRecord }[];
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
  readonly tables: readonly Table[];
  /** Data of the single-file form; empty otherwise. */
  readonly inline: readonly Unit[];
}

/** Job.result of an export. */
export interface ExportResult {
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
}

/** Payload of the tasks that run DDL. */
export interface ApplyPayload {
  readonly objects: readonly DdlObject[];
}

/** Payload of the task `finish` of an import. */
export interface ImportFinishPayload {
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: number;
    readonly units: readonly string[];
  }[];
}

/** Job.result of an import. */
export interface ImportResult {
  readonly tables: number;
  readonly rows: number;
  readonly failedTables: readonly string[];
}

/** Payload of the tasks `verify`: one file. */
export interface VerifyPayload {
  readonly file: ManifestFile;
}

/** Job.result of a verification. */
export interface VerifyResult {
  readonly files: number;
  /** Names of the files whose digest differs. */
  readonly damaged: readonly string[];
}
