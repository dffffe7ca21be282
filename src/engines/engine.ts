import type { Catalogue, Column, DdlObject, Finding, Table, TableName } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import type { AppError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { ReadRules } from '../core/read-rules.ts';
import type {
  Encoding,
  JobMode,
  Remap,
  Remaps,
  SelectionRequest,
  TableExistsAction,
} from '../core/request.ts';
import type { Accounts } from './accounts.ts';

/** Files that other programs of the database's world read and write, without a manifest of ours. */
export interface OwnFileFormat {
  /** The encoding whose streams are such files, each from its first byte to its last. */
  readonly encoding: Encoding;
  /** Without a dot; `.gz` follows where the file is compressed. */
  readonly extension: string;
}

/** What an engine can do; the core offers no more than this, and says by name what is missing. */
export interface EngineCapabilities {
  readonly modes: readonly JobMode[];
  /** The default first. */
  readonly encodings: readonly [Encoding, ...Encoding[]];
  /** Other processes can join a snapshot by its token. Without it a job's data tasks stay in one process. */
  readonly joinableSnapshot: boolean;
  /** Its databases are files of a machine: processes on others do not see them, unless the folder is shared. */
  readonly localFiles: boolean;
  /** What can be renamed. Empty: `remap` is absent. What is not here is refused by name. */
  readonly remaps: readonly (keyof Remaps)[];
  /** What can be done with tables that exist; empty: nothing, so that they refuse the job. */
  readonly tableExistsActions: readonly TableExistsAction[];
  /** Units take {@link ReadRules}: rows filtered and sampled, columns masked. */
  readonly readRules: boolean;
  /** Units can be written as they are read, into another database of the engine: jobs of kind `copy`. */
  readonly copy: boolean;
  /**
   * Tables are sets of rows with a key each, and exist without a definition: a table that holds rows is what other engines call one that
   * exists. `skip` and `replace` are then about single rows: those that are there stay, or give way; `truncate` empties the table first.
   */
  readonly keyedRows: boolean;
  /** The files of the engine's own format that exports can write and imports read without a manifest; null: there are none. */
  readonly ownFiles: OwnFileFormat | null;
  /** All that a target holds can be removed: `erase` of an import. */
  readonly erase: boolean;
  /** Databases can be made beside a registered one, dropped, and put in its place: {@link Engine.scratch}. */
  readonly scratch: boolean;
  /** Scripts can be run: {@link Engine.openScripts}. */
  readonly scripts: boolean;
  /** The DDL types of objects outside of the database (`ROLE`, `TABLESPACE`): full exports hold them, imports make them only when asked. */
  readonly globalTypes: readonly string[];
}

/**
 * A registered database, parsed. Engines define their own shape; it is plain JSON and holds the secret parts,
 * so it is sealed at rest and never logged. `describe` gives the printable form.
 */
export type EngineTarget = Readonly<Record<string, unknown>>;

/** Code that reads and writes one kind of database. Construction is cold: no I/O before `openSource`/`openTarget`. */
export interface Engine {
  /** `postgres`, `sqlite`: also the word in manifests. */
  readonly id: string;
  readonly title: string;
  /** URL schemes that it answers for, without colon. */
  readonly schemes: readonly string[];
  readonly capabilities: EngineCapabilities;
  /** The schema that a caller without one of his own name works in (`public`, `main`). */
  readonly defaultSchema: string;
  /** Parses a database URL; throws `url-invalid` naming the part that is wrong. Does no I/O. */
  parseUrl(url: string): EngineTarget;
  /** The URL without its secrets. */
  describe(target: EngineTarget): string;
  /** Opens for reading. Throws database-refused, -unreachable, -timeout, -missing ... within the connect time-out. */
  openSource(target: EngineTarget, context: OperationContext): Promise<SourceSession>;
  /** Opens for writing. */
  openTarget(target: EngineTarget, context: OperationContext): Promise<TargetSession>;
  /** Makes the user that jobs work as; absent: its databases have no users. */
  readonly accounts?: Accounts;
  /**
   * Ends what any process has open in a database to read a snapshot for the job of `context.work`: asked when nobody needs it any more, since one that
   * is frozen cannot close what is its own, and keeps the database from tidying up. Absent: a reader is in nobody's way.
   */
  endReaders?(target: EngineTarget, context: OperationContext): Promise<void>;
  /** Only with the capability `scratch`. */
  readonly scratch?: ScratchDatabases;
  /** Opens a database to run a script on. Only with the capability `scripts`. */
  openScripts?(target: EngineTarget, context: OperationContext): Promise<ScriptSession>;
  /** Pure: what the order of work of an import is, given the objects that it will create. */
  schedule(objects: readonly DdlObject[]): ImportSchedule;
  /**
   * Only with the capability `remaps`: the objects with what `remaps` tells renamed, by parsing and never by guessing at text.
   * Throws `remap-impossible` when a statement cannot be proved.
   */
  remap?(objects: readonly DdlObject[], remaps: ResolvedRemaps): Promise<RemapResult>;
  /**
   * Which of `objects`, which come from a dump set and may be anybody's, are not definitions of an object in the database: what would end
   * the transaction, touch other databases, files or programs. The rest may be run.
   */
  refuse(objects: readonly DdlObject[]): Promise<readonly ApplyFailure[]>;
  /**
   * Only with `ownFiles`: reads a file of the own format from its first byte to its last, and says what it holds. Throws `dump-damaged` or
   * `dump-truncated` for anything that is not whole and right, and `unsupported` for what this version does not know; nothing is guessed at.
   * The chunks are given away.
   */
  examineFile?(bytes: AsyncIterable<Uint8Array>, context: OperationContext): Promise<ExaminedFile>;
  /** Pure and table-tested: any error of the client library as an AppError. */
  classify(error: unknown, operation: string): AppError;
}

/**
 * Databases beside a registered one: on the same server, in the same folder. `name` is letters, digits and `_`, at most 60, and unique: it is made
 * of a job's id, so that a repeated call after a crash finds what the first one made.
 */
export interface ScratchDatabases {
  /** Makes an empty database with the settings of `target` (encoding, collation, owner). Repeatable: one that is there is used, whatever it holds. */
  make(target: EngineTarget, name: string, context: OperationContext): Promise<EngineTarget>;
  /** Drops a database that {@link make} made, ending the sessions in it. Repeatable: there being none is no error. */
  drop(scratch: EngineTarget, context: OperationContext): Promise<void>;
  /**
   * Puts `scratch` in the place and under the name of `target`, whose database is called `oldName` from then on. Sessions of others in either are ended. As
   * one step where the engine can; repeatable: after a crash at any moment another call with the same arguments goes on to the end.
   * Settings, owner and grants of the database itself go over.
   * @returns how the old one is reached
   */
  swap(
    target: EngineTarget,
    scratch: EngineTarget,
    oldName: string,
    context: OperationContext,
  ): Promise<EngineTarget>;
}

/** One step of a script that is done as a whole: a statement, or those between BEGIN and COMMIT. */
export interface ScriptStep {
  readonly text: string;
  /** Of its first character in the script, from 1. */
  readonly line: number;
  /** What it is, for the log: its first words, without constants: `INSERT INTO hr.emp`. */
  readonly title: string;
}

/** A database that a script runs on. */
export interface ScriptSession extends AsyncDisposable {
  /** Pure. Throws `script-invalid` with the line, for what is no statement of the language or an open transaction, and for what would leave the database (COPY from programs and files, ATTACH). */
  steps(script: string): Promise<readonly ScriptStep[]>;
  /** Makes the place for receipts of this job. Repeatable. */
  begin(jobId: string, context: OperationContext): Promise<void>;
  /**
   * Runs a step and its receipt `key` in one transaction. With the receipt there already nothing is run. A step that cannot be in a transaction
   * (VACUUM, CREATE INDEX CONCURRENTLY) is run by itself between two receipts; when only the first is there, nobody knows whether it took effect: `script-uncertain`,
   * once; the next call runs it. An engine whose statements of that kind can all be repeated without harm just does so.
   *
   * What earlier steps made of the session (SET, PREPARE, temporary tables) lasts as long as it does. Who goes on with a script in another session therefore gives it every
   * step again, in their order: those that took effect only set again what they had set, and those that {@link replays} tells of are run again, whatever
   * `key` is. Where steps took effect after temporary tables had been filled, their rows may have come from what is different by now: `script-uncertain`, once.
   *
   * Throws `script-failed` with the line for what the database refuses; nothing of the step is left then.
   */
  run(key: string, step: ScriptStep, context: OperationContext): Promise<ScriptOutcome>;
  /**
   * Whether a step only shapes the session (SET, PREPARE, temporary tables) and must be run again by a session that goes on with the script. Asked before the step is
   * run, when those before it were: a table may be temporary because of them.
   */
  replays(step: ScriptStep): boolean;
  /** Removes the receipts of this job. Repeatable. */
  forget(jobId: string, context: OperationContext): Promise<void>;
}

export interface ScriptOutcome {
  readonly alreadyApplied: boolean;
  /** Rows that it changed or gave; null: it tells none. The rows themselves are not read. */
  readonly rows: number | null;
}

/** What a file of the engine's own format holds. */
export interface ExaminedFile {
  /** Of the server that wrote it; '' where the file does not say. */
  readonly serverVersion: string;
  /** Each is imported as one unit that reads the whole file: `variant` tells {@link TargetSession.write} which rows of it are meant. */
  readonly tables: readonly (TableName & {
    readonly columns: readonly Column[];
    readonly rows: number;
    readonly variant: string;
  })[];
  /** Sentences about what cannot be carried over. */
  readonly notes: readonly string[];
}

/** Remaps whose names were found in the dump set: exact spelling. */
export interface ResolvedRemaps {
  readonly schemas: readonly Remap[];
  /** `schema` is the source's. */
  readonly tables: readonly (TableName & { readonly target: string })[];
  readonly tablespaces: readonly Remap[];
  readonly owners: readonly Remap[];
}

export interface RemapResult {
  readonly objects: readonly DdlObject[];
  /** One sentence per place that was left alone (function bodies, strings). */
  readonly leftAlone: readonly string[];
}

/** The order of an import's work. */
export interface ImportSchedule {
  /** In this order, before any data. */
  readonly before: readonly DdlObject[];
  /** By {@link tableKey}: as soon as that table's data is in; the arrays of one table may run in parallel. */
  readonly perTable: ReadonlyMap<string, readonly (readonly DdlObject[])[]>;
  /** When every table has its data and indexes: each inner array is one task, they may run in parallel (foreign keys). */
  readonly constraints: readonly (readonly DdlObject[])[];
  /** Last, in this order (triggers, sequence values, refresh of materialized views, grants on ...). */
  readonly after: readonly DdlObject[];
}

/** An open database to read from. */
export interface SourceSession extends AsyncDisposable {
  readonly serverVersion: string;
  /** Equal for sessions of the same database, whatever the way to it. Only with the capability `copy`. */
  readonly databaseId?: string;
  /** Looks for what would make an export fail or surprise. Red findings stop the job. */
  preflight(context: OperationContext): Promise<readonly Finding[]>;
  /**
   * Takes a snapshot and holds it open until disposed. `lanes` is how many units will be read at once;
   * the snapshot's `lanes` says how many it can serve.
   */
  begin(lanes: number, context: OperationContext): Promise<Snapshot>;
  /**
   * Joins a snapshot by its token, from any process. Throws `snapshot-lost` when it is gone. What it gives has a token of its own, and outlives
   * the one that it was joined by: a snapshot is there as long as one of those who hold it.
   */
  join(token: string, lanes: number, context: OperationContext): Promise<Snapshot>;
}

/** One consistent view of a database; everything below sees the same instant. */
export interface Snapshot extends AsyncDisposable {
  /** Null when no other process can join. Read after {@link Snapshot.plan}: how it reads may depend on what is wanted. */
  readonly token: string | null;
  /** What can be promised of the rows, where that is not one instant for all. Absent: it is. Read after {@link Snapshot.plan}. */
  readonly consistency?: Manifest['consistency'];
  /** See Manifest.position; absent: there is none. */
  readonly position?: string;
  readonly lanes: number;
  /** Aborted with an AppError `snapshot-lost` as reason when the view is gone (connection lost). */
  readonly lost: AbortSignal;
  /** The tables with size estimates, and the schemas and tablespaces. */
  inspect(context: OperationContext): Promise<Catalogue>;
  /**
   * The DDL of everything in scope, in an order in which it can be created, with the current values of sequences.
   * The scope is a hint for speed: the caller drops what the selection does not want.
   */
  ddl(scope: DdlScope, context: OperationContext): Promise<readonly DdlObject[]>;
  /**
   * Pure: the units of these tables, largest table first; a big table is cut into key ranges of about `unitBytes`.
   * Throws `field-invalid` for rules that a table cannot have (a mask of a type that has no such value), naming table and column.
   */
  plan(tables: readonly TableToRead[], unitBytes: number): readonly Unit[];
  /**
   * Asks the database whether it would take the rules of these tables, without reading a row of them: filters fit the columns' types,
   * constants are values of theirs. Throws `field-invalid` naming table and problem. Only with the capability `readRules`.
   */
  checkRules?(tables: readonly TableToRead[], context: OperationContext): Promise<void>;
  /**
   * Reads one unit. Pull-based: reads no faster than it is consumed, and holds at most a few MB. `summary` settles
   * after the last byte; it rejects, like the iteration, on an error or an abort. May be called for the same unit again.
   */
  read(unit: Unit, encoding: Encoding, context: OperationContext): UnitReader;
}

/** A table of a catalogue that is to be read. `columns` are those that travel. */
export interface TableToRead extends Table {
  /** Null: every row as it is. */
  readonly rules: ReadRules | null;
}

export interface DdlScope {
  readonly mode: SelectionRequest['mode'];
  /** The schemas that the selection lets through. */
  readonly schemas: readonly string[];
  /** The tables that the selection lets through. */
  readonly tables: readonly TableName[];
}

/** One piece of data that is read and written at once. Plain JSON. */
export interface Unit {
  /** Unique in the job, made of the table's position and the part number: `0003-0001`. */
  readonly id: string;
  readonly table: TableName;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
  readonly columns: readonly string[];
  readonly estimate: { readonly rows: number; readonly bytes: number };
  /** Engine-own (block numbers, rowids); null: the whole table. */
  readonly range: unknown;
  /** Null: every row as it is. */
  readonly rules: ReadRules | null;
  /**
   * Units with the same word are the pieces of one stream: they are read one after the other in the order of the plan, and lie in one file in
   * that order, so that their bytes together are what the engine calls a whole (a file of its own format). Whoever reads the first piece
   * again begins the stream again; any other piece can only follow the one before it. Absent: the unit stands alone, and is a whole.
   */
  readonly stream?: string;
}

export interface UnitReader {
  /** See ManifestUnit.variant; null where it is known only after the last byte (then the engine has no capability `copy`). */
  readonly variant: string | null;
  /** The chunks are given away: their user frees their memory. */
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly summary: Promise<UnitSummary>;
}

export interface UnitSummary {
  readonly rows: number;
  /** See ManifestUnit.variant. */
  readonly variant: string;
}

/** An open database to write to. */
export interface TargetSession extends AsyncDisposable {
  readonly serverVersion: string;
  /** As {@link SourceSession.databaseId}. */
  readonly databaseId?: string;
  /** Aborted when the session can do nothing any more, so that another must be opened. Absent: it helps itself. */
  readonly lost?: AbortSignal;
  preflight(context: OperationContext): Promise<readonly Finding[]>;
  /** Those of `objects` that exist in the target already, in their order; the roles and tablespaces among them too. */
  findExisting(objects: readonly DdlObject[], context: OperationContext): Promise<readonly DdlObject[]>;
  /** Facts about those of `tables` that exist in the target, in any order. Only with `tableExistsActions`. */
  describeTables?(tables: readonly TableName[], context: OperationContext): Promise<readonly ExistingTable[]>;
  /**
   * Empties or drops what is named, and nothing else, all in one transaction with the receipt `key`: repeatable. Throws `table-in-use` naming
   * what refers to a table (a view, a foreign key of a table that is not among them), and changes nothing then. Only with `tableExistsActions`.
   */
  clearTables?(key: string, things: readonly ToClear[], context: OperationContext): Promise<void>;
  /** Makes the place for receipts of this job. Repeatable. */
  begin(jobId: string, lanes: number, context: OperationContext): Promise<void>;
  /**
   * Runs the objects' statements, in order, and the receipt `key`, in one transaction (a list too long for one may be cut into several, each
   * with a receipt of its own; a repeated call goes on where the last one stopped). An object that fails is undone alone
   * and reported; the rest go on. With the receipt there already, nothing is run and the recorded outcome comes back.
   */
  apply(key: string, objects: readonly DdlObject[], context: OperationContext): Promise<ApplyOutcome>;
  /**
   * Writes one unit and its receipt in one transaction: all or nothing. With the receipt there already, nothing is written
   * and `bytes` is not read. A row count other than `unit.rows`, or an error of `bytes`, undoes all. The chunks of `bytes` are given away.
   */
  write(unit: WriteUnit, bytes: AsyncIterable<Uint8Array>, context: OperationContext): Promise<WriteOutcome>;
  /**
   * Empties tables that this job made and removes the receipts of their units, so that they can be written again from another snapshot.
   * Units that are being written are waited for: when this resolves, their receipts can be seen. Repeatable. Only with the capability `copy`.
   */
  undoUnits?(
    tables: readonly (TableName & { readonly keys: readonly string[] })[],
    context: OperationContext,
  ): Promise<void>;
  /** The rows of each unit receipt of this job: what is in the target, by the target's own word. */
  receipts(context: OperationContext): Promise<ReadonlyMap<string, number>>;
  /** After everything: checks what the engine deferred, gathers statistics of the tables. Repeatable. */
  finish(tables: readonly FinishedTable[], context: OperationContext): Promise<readonly ApplyFailure[]>;
  /** Most bytes of data that the database can hold in all; null: no limit is set. Absent: nobody knows. */
  capacity?(context: OperationContext): Promise<number | null>;
  /** Removes everything that the database holds, with the receipt `key`: repeatable, and not done again. Only with the capability `erase`. */
  eraseAll?(key: string, context: OperationContext): Promise<void>;
  /** Removes the receipts of this job. Repeatable; called when the job is done or cancelled. */
  forget(jobId: string, context: OperationContext): Promise<void>;
}

export interface FinishedTable extends TableName {
  /**
   * The rows that its receipts tell of. An engine with tables that a crash of the server empties while their receipts stay
   * counts those tables, and reports a difference. Absent: not compared.
   */
  readonly rows?: number;
}

export interface WriteUnit {
  /** The receipt's key. */
  readonly key: string;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly encoding: Encoding;
  readonly variant: string;
  /** What the source says: the manifest, or a reading that goes on, whose promise settles after the last byte. */
  readonly rows: number | Promise<number>;
  /** The unit is the whole table, and the table was made or emptied by this job. */
  readonly wholeTable: boolean;
  /** What becomes of rows whose key is there already; only with the capability `keyedRows`, absent otherwise. */
  readonly existingRows?: 'skip' | 'replace';
  /** See Remaps.keyPrefixes; absent: keys stay as they are. */
  readonly keyPrefixes?: readonly Remap[];
  /** Whether an object that the stream of the unit holds beside the rows (a function in a snapshot) is to be made. Absent: each is. */
  readonly wantsObject?: (object: Pick<DdlObject, 'type' | 'name'>) => boolean;
}

/** A table of the target. */
export interface ExistingTable extends TableName {
  /** Columns that can be written, in order. */
  readonly columns: readonly string[];
  /** Tables that its foreign keys refer to. */
  readonly references: readonly TableName[];
  /** Other tables whose foreign keys refer to it: it can only be emptied or dropped together with them. */
  readonly referredToBy: readonly TableName[];
  /** What else is made from it, directly or by way of others: it can only be dropped after them. */
  readonly usedBy: readonly Dependent[];
}

/** Something that is made from a table. */
export interface Dependent {
  /** As messages say it: `view hr.rich`. */
  readonly title: string;
  /** What {@link TargetSession.clearTables} can drop by itself, named as a DdlObject is; null: it cannot. */
  readonly object: (Pick<DdlObject, 'type' | 'name'> & { readonly schema: string }) | null;
  /** The table that it is a part of, and is dropped with (a policy, a default); null: of none. */
  readonly table: TableName | null;
}

/** What an import removes before it writes. */
export interface ToClear extends TableName {
  /**
   * `keep` is about what is no table and has rows all the same (large objects): those that are there when the rows come stay as they are,
   * and with `truncate` they are emptied then; without either they refuse the rows.
   */
  readonly how: 'truncate' | 'drop' | 'keep';
  /** Of {@link Dependent.object}, which can be dropped only; absent: a table. */
  readonly type?: string;
}

export interface WriteOutcome {
  readonly rows: number;
  readonly alreadyApplied: boolean;
}

export interface ApplyFailure {
  readonly object: Pick<DdlObject, 'type' | 'schema' | 'name'>;
  readonly message: string;
}

export interface ApplyOutcome {
  readonly alreadyApplied: boolean;
  readonly failures: readonly ApplyFailure[];
}
