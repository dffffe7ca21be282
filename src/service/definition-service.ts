import type {
  DefinitionVersion,
  NewItem,
  Workspace,
  WorkspaceItem,
  WorkspaceItemKind,
} from '../core/definition.ts';
import type { Job } from '../core/job.ts';
import type { LocationRequest } from '../core/request.ts';
import type { Schedule } from '../core/schedule.ts';
import type { CallContext } from './service.ts';
import type { StartOptions } from './start-input.ts';

type Started = Promise<{ readonly job: Job; readonly created: boolean }>;

/**
 * Definitions and what they are made of. Their names are 1 to 128 letters (of any script), digits, `_`, `-` and `.`; contents are checked, documents kept as they are.
 * `workspace`: id or name; null: the default one. `definition:read` and `definition:manage` unless said otherwise; developers change, submit and
 * remove what they made themselves, and switch schedules of their own, since runs of others use the rest with the rights of those.
 */
export interface DefinitionService {
  /** These need `workspace:manage`. */
  addWorkspace(context: CallContext, name: string): Promise<Workspace>;
  removeWorkspace(context: CallContext, workspace: string): Promise<void>;
  setDefaultWorkspace(context: CallContext, workspace: string | null): Promise<void>;
  listWorkspaces(context: CallContext): Promise<readonly Workspace[]>;
  /** Throws `workspace-unknown`. */
  getWorkspace(context: CallContext, workspace: string | null): Promise<Workspace>;

  /** Throws `item-exists`. A connection needs `database:read` on its database. */
  addItem<K extends WorkspaceItemKind>(
    context: CallContext,
    workspace: string | null,
    item: NewItem<K>,
  ): Promise<WorkspaceItem<K>>;
  /** Throws `item-unknown`. `name`: what it is called now; `item.name` may be another. A schedule follows its definition. */
  putItem<K extends WorkspaceItemKind>(
    context: CallContext,
    workspace: string | null,
    name: string,
    item: NewItem<K>,
  ): Promise<WorkspaceItem<K>>;
  /** Throws `item-unknown`; `job-state` for a definition whose schedule is on or that runs. */
  removeItem(
    context: CallContext,
    workspace: string | null,
    kind: WorkspaceItemKind,
    name: string,
  ): Promise<void>;
  getItem<K extends WorkspaceItemKind>(
    context: CallContext,
    workspace: string | null,
    kind: K,
    name: string,
  ): Promise<WorkspaceItem<K>>;
  listItems<K extends WorkspaceItemKind>(
    context: CallContext,
    workspace: string | null,
    kind: K,
  ): Promise<readonly WorkspaceItem<K>[]>;
  /**
   * The draft becomes the next version. Throws `definition-invalid`. While its schedule is on, the caller needs what its runs need, and is the owner of the
   * schedule from then on.
   */
  submitDefinition(
    context: CallContext,
    workspace: string | null,
    name: string,
  ): Promise<WorkspaceItem<'definition'>>;
  /** Version 0: the draft; undefined: the last submitted one. Throws `definition-draft`, `item-unknown`. */
  getVersion(
    context: CallContext,
    workspace: string | null,
    name: string,
    version?: number,
  ): Promise<DefinitionVersion>;
  listVersions(
    context: CallContext,
    workspace: string | null,
    name: string,
  ): Promise<readonly DefinitionVersion[]>;

  /** Its schedule begins to fire, by the last submitted version. Throws `definition-draft`, `definition-invalid` (no nodes, foreign nodes by name). `api`: whose jobs the runs are; default `native`. */
  startSchedule(
    context: CallContext,
    workspace: string | null,
    name: string,
    params?: Readonly<Record<string, string>>,
    api?: string,
  ): Promise<Schedule>;
  /** The schedule is off; runs go on. */
  stopSchedule(context: CallContext, workspace: string | null, name: string): Promise<void>;
  /** Null: it is off. */
  getSchedule(context: CallContext, workspace: string | null, name: string): Promise<Schedule | null>;
  /**
   * One run now, of the last submitted version (undefined: of the draft where none was submitted) or of `version` (0: the draft). Needs what its nodes
   * need: found out as far as it can be, before the job is made. Besides its parameters it has `run.name`, `run.date` and `run.time`. Throws `definition-invalid`.
   */
  startRun(
    context: CallContext,
    input: {
      readonly workspace: string | null;
      readonly definition: string;
      readonly version?: number;
      readonly params?: Readonly<Record<string, string>>;
      readonly plannedAt?: number;
      readonly threads?: number;
    },
    options: StartOptions,
  ): Started;
  /** A script by itself, as a run of one node; its `definitionName` is `script:` and the name of the script. */
  startScript(
    context: CallContext,
    input: {
      readonly workspace: string | null;
      readonly script: string;
      readonly params?: Readonly<Record<string, string>>;
    },
    options: StartOptions,
  ): Started;
  /** Runs of a workspace (job kind `run`), newest first. */
  listRuns(
    context: CallContext,
    query: {
      readonly workspace: string | null;
      readonly definition?: string;
      readonly states?: readonly Job['state'][];
      readonly limit: number;
      readonly cursor?: string;
    },
  ): Promise<{ readonly jobs: readonly Job[]; readonly nextCursor: string | null }>;
  /** How each node of a run stands. Throws `job-unknown`. */
  runNodes(context: CallContext, jobId: string): Promise<readonly RunNode[]>;

  /** Brings items that an API has read from a file into a workspace, as a job: all or none. */
  startDefinitionImport(
    context: CallContext,
    input: {
      readonly workspace: string | null;
      /** For people: `s3://bucket/in/jobs.zip`. */
      readonly source: string;
      readonly items: readonly NewItem[];
      readonly sameName: 'skip' | 'overwrite';
      readonly targetStatus?: 'saved' | 'submitted' | 'scheduled';
      readonly params?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    },
    options: StartOptions,
  ): Started;
  /** Reads a small file (at most `maxBytes`) of a place that the caller may use. Throws `storage-...`, `file-missing`, `body-too-large`. */
  readPlaceFile(
    context: CallContext,
    input: { readonly location: LocationRequest; readonly file: string; readonly maxBytes: number },
  ): Promise<Uint8Array>;
  /** Writes a file as one finished object, and tells of it by an event `definitions.exported`. Throws `file-exists`. */
  writePlaceFile(
    context: CallContext,
    input: {
      readonly location: LocationRequest;
      readonly file: string;
      readonly bytes: Uint8Array;
      readonly about: string;
    },
  ): Promise<void>;
}

/** A node of a run. */
export interface RunNode {
  readonly name: string;
  readonly type: string;
  readonly state: 'waiting' | 'running' | 'completed' | 'failed' | 'ignored' | 'skipped';
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Tries begun. */
  readonly tries: number;
  readonly error: string | null;
  /** The job that it started; null: none. */
  readonly jobId: string | null;
}
