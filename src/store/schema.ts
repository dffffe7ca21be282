import type { BackupState } from '../core/backup.ts';
import type { WorkspaceItemKind } from '../core/definition.ts';
import type { EventType } from '../core/event.ts';
import type { JobKind, JobLogEntry, JobState } from '../core/job.ts';
import type { Role } from '../core/permission.ts';
import type { NewSetUse, TaskState } from '../jobs/job-store.ts';

/**
 * The tables as the queries see them; `migrations/` makes them. Numbers are whole (bigint columns: counts pass 2^31), times are
 * milliseconds since the epoch, truth is 0 or 1, `*_json` columns hold JSON text.
 */
export interface StoreSchema {
  schema_version: SchemaVersionTable;
  counter: CounterTable;
  job: JobTable;
  job_document: JobDocumentTable;
  task: TaskTable;
  task_group: TaskGroupTable;
  task_wait: TaskWaitTable;
  job_log: JobLogTable;
  database: DatabaseTable;
  directory: DirectoryTable;
  credential: CredentialTable;
  api_document: ApiDocumentTable;
  user_account: UserTable;
  audit: AuditTable;
  schedule: ScheduleTable;
  due_run: DueRunTable;
  event: EventTable;
  backup_policy: BackupPolicyTable;
  backup: BackupTable;
  workspace: WorkspaceTable;
  workspace_item: WorkspaceItemTable;
  definition_version: DefinitionVersionTable;
  access_key: AccessKeyTable;
  job_snapshot: JobSnapshotTable;
  job_use: JobUseTable;
  instance: InstanceTable;
  store_setting: StoreSettingTable;
}

export interface SchemaVersionTable {
  version: number;
  applied_at: number;
}

/** Sequences that never give a number twice and whose order is the order of the commits. */
export interface CounterTable {
  name: string;
  value: number;
}

/** A job's small, often written part; what can be big is in {@link JobDocumentTable}. */
export interface JobTable {
  id: string;
  seq: number;
  name: string;
  kind: JobKind;
  state: JobState;
  owner: string;
  database: string;
  api: string;
  api_data_json: string;
  request_json: string;
  idempotency_key: string | null;
  idempotency_digest: string | null;
  /** Id of the document; null before the plan task ran. */
  plan_id: string | null;
  result_id: string | null;
  threads: number;
  running: number;
  /** Tasks that are neither done nor failed. */
  unfinished: number;
  bytes_done: number;
  bytes_total: number;
  rows_done: number;
  rows_total: number;
  units_done: number;
  units_total: number;
  error_count: number;
  error_json: string | null;
  restarts: number;
  /** Seq of the last log entry. */
  log_seq: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  version: number;
  /** No task is given out before; 0: at once. */
  held_until: number;
  /** What it waits for since it was held, until a task goes through or the hold is lifted; null: nothing. */
  held_for: string | null;
  /** JSON array of the addresses that are told how it ends; null: none. */
  mail_to_json: string | null;
  /** When to send that mail; null: none is due. While one is sent: when another try may begin. */
  mail_due_at: number | null;
  /** How often the mail of this end was tried. */
  mail_attempts: number;
  /** The job that started it, as which step of itself; null: none. */
  parent_id: string | null;
  parent_step: string | null;
  /** 0; its seq once it was cancelled and the parent resumed: the step then starts another. */
  forgotten: number;
  /** The first of its ancestors, or itself: the same for the whole family. */
  root_id: string;
  priority: number;
  /** Id of the instance that alone runs its tasks; null: any. */
  home: string | null;
}

/** A plan or result: written once under an id of its own, so that readers may keep it. */
export interface JobDocumentTable {
  id: string;
  job_id: string;
  body_json: string;
}

export interface TaskTable {
  job_id: string;
  key: string;
  kind: string;
  group_name: string;
  state: TaskState;
  payload_json: string;
  /** JSON array of group names, as in the spec. */
  waits_for_json: string;
  /** How many of those groups have unfinished tasks now: kept for every task, whatever its state. */
  blockers: number;
  /** The estimate; of a done task the exact figure. */
  bytes: number;
  rows: number;
  counted: number;
  /** What the task says it has done so far; 0 unless running or done. */
  bytes_done: number;
  rows_done: number;
  attempt: number;
  /** How often it was claimed; never goes back. */
  claims: number;
  /** When it was claimed first; null: never. */
  claimed_at: number | null;
  /** Token of the lease; null unless running. */
  token: string | null;
  worker_id: string | null;
  /** Not to be claimed before; 0: at once. */
  retry_at: number;
  result_json: string | null;
  error_json: string | null;
  /** JSON array of the jobs that it waits for, or waited for last: when one rests, `retry_at` is 0. Null: it never waited. */
  awaits_json: string | null;
}

/** What a job does with a dump set; see NewSetUse. */
export interface JobUseTable {
  job_id: string;
  position: number;
  does: NewSetUse['does'];
  top: string;
  /** 0 or 1. */
  is_pattern: number;
  set_json: string;
}

/** Sums over the tasks of one group, kept up to date by every verb. */
export interface TaskGroupTable {
  job_id: string;
  name: string;
  unfinished: number;
  bytes_done: number;
  bytes_total: number;
  rows_done: number;
  units_done: number;
  units_total: number;
  failed: number;
}

/** Who waits for a group. */
export interface TaskWaitTable {
  job_id: string;
  group_name: string;
  task_key: string;
}

export interface JobLogTable {
  job_id: string;
  seq: number;
  at: number;
  level: JobLogEntry['level'];
  event: JobLogEntry['event'];
  message: string;
  data_json: string;
}

export interface DatabaseTable {
  name: string;
  uid: number;
  engine: string;
  sealed_target: string;
  description: string;
  created_at: number;
  /** 0 or 1. */
  shared: number;
}

export interface DirectoryTable {
  name: string;
  url: string;
  created_at: number;
  credential: string | null;
  /** 0 or 1. */
  read_only: number;
  /** 0 or 1. */
  shared: number;
}

export interface CredentialTable {
  name: string;
  owner: string;
  type: string;
  sealed_body: string;
  created_at: number;
}

/** What an API keeps about a database. */
export interface ApiDocumentTable {
  database: string;
  api: string;
  key: string;
  sealed_body: string;
}

export interface UserTable {
  name: string;
  role: Role;
  password_hash: string;
  databases_json: string;
  created_at: number;
}

export interface AuditTable {
  seq: number;
  at: number;
  caller: string;
  action: string;
  subject: string;
  outcome: 'allowed' | 'refused';
  request_id: string;
}

export interface ScheduleTable {
  id: string;
  /** What is unique of the subject, as text. */
  subject_key: string;
  subject_json: string;
  rule_json: string;
  params_json: string;
  owner: string;
  api: string;
  next_at: number | null;
  last_at: number | null;
  version: number;
}

/** A time of a schedule that is to be started; it goes when it was. */
export interface DueRunTable {
  schedule_id: string;
  planned_at: number;
}

export interface EventTable {
  seq: number;
  key: string;
  at: number;
  type: EventType;
  message: string;
  database: string | null;
  job_id: string | null;
  data_json: string;
  /** When to deliver it; null: not, or not any more. While it is delivered: when another try may begin. */
  deliver_at: number | null;
  /** How often that was tried. */
  attempts: number;
  /** Names of the channels that have taken it; null: none. */
  taken_json: string | null;
}

export interface BackupPolicyTable {
  database: string;
  body_json: string;
}

export interface BackupTable {
  id: number;
  database: string;
  database_uid: number | null;
  engine: string;
  tag: string | null;
  state: BackupState;
  job_id: string;
  location_json: string;
  file_pattern: string | null;
  encryption_key: string | null;
  /** 0 or 1. */
  keep_forever: number;
  started_at: number;
  completed_at: number | null;
  bytes: number | null;
  rows: number | null;
  position: string | null;
  error: string | null;
  proofs_json: string;
  deleted_at: number | null;
  deleted_reason: string | null;
}

export interface WorkspaceTable {
  id: string;
  name: string;
  /** 0 or 1. */
  is_default: number;
  created_at: number;
}

export interface WorkspaceItemTable {
  id: number;
  workspace: string;
  kind: WorkspaceItemKind;
  name: string;
  content_json: string;
  /** Null, both of them: it has no document. */
  document_api: string | null;
  document_text: string | null;
  /** The last one that was submitted; 0: none. */
  version: number;
  created_by: string;
  created_at: number;
  updated_by: string;
  updated_at: number;
}

export interface DefinitionVersionTable {
  item_id: number;
  version: number;
  content_json: string;
  document_api: string | null;
  document_text: string | null;
  submitted_by: string;
  submitted_at: number;
}

export interface AccessKeyTable {
  id: string;
  user_name: string;
  sealed_secret: string;
  created_at: number;
}

/** A token by which others can join the snapshot of a job. */
export interface JobSnapshotTable {
  job_id: string;
  token: string;
  /** From 1, in the order in which they were shared. */
  seq: number;
}

/** A process that shares the store. Times are those of the database's own clock. */
export interface InstanceTable {
  id: string;
  name: string;
  version: string;
  url: string | null;
  started_at: number;
  seen_at: number;
}

export interface StoreSettingTable {
  name: string;
  value: string;
}
