import type { ErrorRecord } from '../core/errors.ts';
import type { Job, JobKind, JobLogEntry, JobState, NewJobLogEntry, TableProgress } from '../core/job.ts';
import type { JobRequest } from '../core/request.ts';

/** The files of a dump set, as far as names tell sets apart: sets without a common beginning share no file. */
export interface SetNames {
  /** Place and name of its folder, or of its file; of numbered files what comes before the number. */
  readonly top: string;
  /** More follows `top`. */
  readonly isPattern: boolean;
}

/** What a job does with a dump set. */
export interface NewSetUse {
  readonly does: 'reads' | 'writes' | 'removes';
  readonly names: SetNames;
  /** Plain JSON, for those who compare sets exactly. */
  readonly set: unknown;
}

/** The use of a set by a job that is unfinished, or could be resumed. */
export interface SetUse extends NewSetUse {
  readonly job: Pick<Job, 'id' | 'name' | 'database' | 'state'> & {
    /** It got as far as a plan. */
    readonly isPlanned: boolean;
  };
}

/** A job as the service hands it in. */
export interface NewJob {
  /** Candidate names: called with 0, 1, 2 ... until one is free within (database, api). */
  readonly name: (attempt: number) => string;
  readonly owner: string;
  readonly database: string;
  readonly api: string;
  readonly apiData: Readonly<Record<string, unknown>>;
  readonly request: JobRequest;
  /**
   * When given, the request to store is made from the name that won and the job's id, and `request` is ignored: default file names hold the
   * job's name, and names of its own credentials its id.
   */
  readonly requestFor?: (name: string, id: string) => JobRequest;
  /**
   * Sealed, kept as credentials called `jobCredentialName(id, position)` in the same transaction, and removed in that in which the job
   * completes, is cancelled or is pruned. Absent: none.
   */
  readonly credentials?: readonly { readonly type: string; readonly sealedBody: string }[];
  readonly threads: number;
  /** The same key of the same owner gives the same job; another request digest with it is `idempotency-mismatch`. */
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
  /** Whom a mail tells that the job completed or failed; absent or empty: nobody. */
  readonly mailTo?: readonly string[];
  /** Throw `database-busy` when an unfinished job works on the database; decided together with the making of the job. */
  readonly onlyOfDatabase?: boolean;
  /**
   * The job that starts this one, as a step of itself: once per step, so that a step that is tried again finds the job that it made. Unlike
   * other jobs it may share the database with its parent's (`onlyOfDatabase` is not held against its own family). `job-state` when that job is
   * being stopped or cancelled, or rests: a cleanup starts no jobs.
   */
  readonly parent?: { readonly jobId: string; readonly step: string };
  /** What a job of that name does with dump sets, kept until it has completed or is cancelled; absent: nothing. */
  readonly usesFor?: (name: string) => readonly NewSetUse[];
  /** Throws what is in the way among the uses of other jobs near those; asked when no other job can be made before this one is. */
  readonly refuse?: (mine: readonly NewSetUse[], others: readonly SetUse[]) => void;
  /** See Job.priority; absent: 0. */
  readonly priority?: number;
  /** What stands in the job's log from the start. */
  readonly log?: readonly NewJobLogEntry[];
}

/** One unit of work of a job. */
export interface TaskSpec {
  /** Unique in the job: `plan`, `data/0003-0001`. */
  readonly key: string;
  readonly kind: string;
  /** Tasks of one group are counted together; data tasks of a table share the group `data:<tableKey>`. */
  readonly group: string;
  /** Groups that must have no unfinished task before this one is ready. */
  readonly waitsFor: readonly string[];
  /** Plain JSON for the handler. */
  readonly payload: unknown;
  /** Estimated bytes: heavier tasks are claimed first; summed up into the job's totals when `counted`. */
  readonly bytes: number;
  readonly rows: number;
  /** Whether the task is a unit of data that progress counts. */
  readonly counted: boolean;
  /** Milliseconds since the epoch before which it is not given out; absent: at once. */
  readonly notBefore?: number;
}

/** Proof that a worker owns a task; every write after a claim carries it. */
export interface Lease {
  readonly jobId: string;
  readonly taskKey: string;
  readonly attempt: number;
  readonly token: string;
}

export interface ClaimedTask {
  readonly lease: Lease;
  /**
   * How often the task was claimed, this time included: above 1, an earlier run may have left traces. Unlike the attempt it goes back only where there are none: a
   * claim was not used, or the first run failed with `file-exists`.
   */
  readonly claims: number;
  readonly task: TaskSpec;
  readonly job: Job;
}

/** Payload of a `plan` after a restart; null before. */
export interface PlanPayload {
  /** Payloads of the forgotten tasks in whose way a file of somebody else stood. */
  readonly refused: readonly unknown[];
}

/** A finished unit as the finish task reads it back. */
export interface TaskRecord {
  readonly key: string;
  readonly kind: string;
  readonly group: string;
  readonly state: TaskState;
  readonly payload: unknown;
  /** What the handler returned; null unless done. */
  readonly result: unknown;
  /** Why it failed; of one that met a file of somebody else in its first run also afterwards. */
  readonly error: ErrorRecord | null;
}

/** waiting -> ready -> running -> done | failed; running -> ready (released, retried, process died). */
export type TaskState = 'waiting' | 'ready' | 'running' | 'done' | 'failed';

/** How a task ended well. */
export interface TaskCompletion {
  readonly result: unknown;
  /** Tasks to add, in the same transaction. */
  readonly spawn?: readonly TaskSpec[];
  /** The plan to keep with the job. */
  readonly plan?: unknown;
  /** The job's result to keep. */
  readonly jobResult?: unknown;
  /** Exact figures of a counted task; they replace its estimates. */
  readonly done?: { readonly bytes: number; readonly rows: number };
  /** Objects that failed although the task went through; added to the job's error count. */
  readonly errors?: number;
  readonly log?: readonly NewJobLogEntry[];
  /**
   * The job rests with this completion, and can be resumed: its other running tasks lose their leases and become ready. Only of a job that is at
   * work: one that is being stopped or cancelled goes its way. It needs a task that is left (spawned, perhaps) to go on with.
   */
  readonly rest?: { readonly state: 'failed'; readonly error: ErrorRecord } | { readonly state: 'stopped' };
  /**
   * From now on the job's tasks run in this process alone, until the job restarts or rests: it holds what no other can join. Where a store is shared by
   * several processes, that of the lease is its home; when that process dies, they go to any other.
   */
  readonly staysHere?: boolean;
}

/** What a completion brought about. */
export interface CompletionEffect {
  /** The state of the job afterwards. */
  readonly state: JobState;
  /** Groups whose last unfinished task this was. */
  readonly finishedGroups: readonly string[];
}

/** A mail that tells how a job ended. */
export interface DueMail {
  readonly job: Job;
  /** Addresses. */
  readonly to: readonly string[];
  /** Which try this is, from 1. */
  readonly attempt: number;
}

export interface JobFilter {
  readonly kinds?: readonly JobKind[];
  readonly states?: readonly JobState[];
  readonly owner?: string;
  readonly databases?: readonly string[];
  readonly api?: string;
  /** Without those that another job started; default false: all. */
  readonly topLevel?: boolean;
  /** Jobs with a smaller seq only: the cursor of a newest-first list. */
  readonly beforeSeq?: number;
  readonly limit: number;
}

/**
 * Durable jobs and their tasks. Each verb is one transaction. A write that carries a lease which is no longer the current one
 * throws `lease-lost` and changes nothing. Every change of a job's state is one guarded statement, logged as `state` entry,
 * and raises the job's version. The implementation must not assume that it is alone: the same code runs on PostgreSQL.
 */
export interface JobStore extends AsyncDisposable {
  /** Writes the job as `queued` with one ready task `plan` (kind `plan`, group `plan`). `created` false: the idempotency key was known. */
  createJob(job: NewJob): Promise<{ readonly job: Job; readonly created: boolean }>;
  getJob(id: string): Promise<Job | null>;
  findJob(database: string, api: string, name: string): Promise<Job | null>;
  /** The job that this owner's key made; null when the key is new. Throws `idempotency-mismatch` when it was used with another digest. */
  findIdempotent(
    owner: string,
    idempotency: { readonly key: string; readonly digest: string },
  ): Promise<Job | null>;
  /** The uses of other jobs that could be of the same files as sets of these names. */
  usesNear(names: readonly SetNames[]): Promise<readonly SetUse[]>;
  /** The job that this step of that job started; null: none yet, or one that was cancelled before the parent was resumed. */
  childJob(parentId: string, step: string): Promise<Job | null>;
  /** In the order in which they were started. */
  childJobs(parentId: string): Promise<readonly Job[]>;
  /** Newest first. */
  listJobs(filter: JobFilter): Promise<readonly Job[]>;
  tableProgress(jobId: string): Promise<readonly TableProgress[]>;
  /** In the order of their keys; only those of the kind and the group where given. */
  tasks(jobId: string, kind?: string, group?: string): Promise<readonly TaskRecord[]>;

  /**
   * The next ready task of a claimable job with fewer running tasks than `threads` (jobs of a higher priority first, then those with fewer running tasks, then older;
   * within a job heavier first), now `running` under a new lease. Claiming `plan` makes the job `planning`, `finish` `completing`, any other
   * `executing`. A `cancelling` job gives its `cleanup` task once nothing else of it runs. Null: nothing to do. Tasks whose `retryAt` is in the future are left.
   */
  claimTask(workerId: string): Promise<ClaimedTask | null>;
  /** Milliseconds since the epoch of the earliest retry, or end of a hold, that is waited for; null when there is none. */
  nextRetryAt(): Promise<number | null>;
  /** Nothing, where the lease is the current one. Throws `lease-lost`. */
  confirmLease(lease: Lease): Promise<void>;
  /** Keeps a token by which others can join the snapshot that the owner of this lease has open; forgotten when the job restarts or rests. Again: no error. */
  shareSnapshot(lease: Lease, token: string): Promise<void>;
  /** The tokens that were shared of a job's snapshot, the newest last. Some may be of processes that are gone. */
  snapshotTokens(jobId: string): Promise<readonly string[]>;
  /** Keeps what a running task has done so far; shown in the job's progress, replaced by `done` at the end. */
  reportProgress(lease: Lease, done: { readonly bytes: number; readonly rows: number }): Promise<void>;
  /** Done. The last unfinished task makes the job `completed` (`cleanup`: `cancelled`). */
  completeTask(lease: Lease, completion: TaskCompletion): Promise<CompletionEffect>;
  /** The task failed for good but the job goes on: counted as error, dependents run. */
  failTask(lease: Lease, error: ErrorRecord, log?: readonly NewJobLogEntry[]): Promise<CompletionEffect>;
  /** Try again not before `retryAt`. */
  retryTask(lease: Lease, retryAt: number, log?: readonly NewJobLogEntry[]): Promise<void>;
  /**
   * The task goes back to `ready` as if never claimed, and none of the job is given out before `until` (a later time of another task counts):
   * a server that they need does not answer. A resume or a cancel lifts it.
   * @param reason a sentence: `Job.waitingFor` until a task completes after that time, the hold is lifted or the job rests
   */
  holdJob(lease: Lease, until: number, reason: string, log?: readonly NewJobLogEntry[]): Promise<void>;
  /**
   * The task goes back to `ready` as if never claimed, and is given out again as soon as one of those jobs that this job started itself rests. Of
   * others nobody tells: whatever they do, it is given out after `recheckMs`, and at once when one of them rests by now. No worker is kept busy by it, and it is not counted as an attempt. The job is shown as `executing`.
   */
  awaitJobs(lease: Lease, jobIds: readonly string[], recheckMs: number): Promise<void>;
  /** Back to `ready` after an interruption, as if never claimed. The last released task of a `stopping` job makes it `stopped`. */
  releaseTask(lease: Lease): Promise<void>;
  /** The same before the task was run at all: the claim is not counted either. */
  unclaimTask(lease: Lease): Promise<void>;
  /** The job fails: its running tasks lose their leases and become ready, so that a resume can go on. */
  failJob(lease: Lease, error: ErrorRecord): Promise<void>;
  /**
   * Forgets every task but a fresh `plan` and the done ones of `keep` (task keys), keeps the old plan for it to clean up after, counts a
   * restart: queued. The fresh task has a {@link PlanPayload}.
   */
  restartJob(lease: Lease, reason: string, keep: readonly string[]): Promise<void>;
  appendLog(jobId: string, entries: readonly NewJobLogEntry[]): Promise<void>;
  /** Entries with seq greater than `afterSeq`, in order. */
  readLog(jobId: string, afterSeq: number, limit: number): Promise<readonly JobLogEntry[]>;

  /**
   * Stop, resume and cancel reach the jobs that the job started, themselves or through others, in the same transaction. A stop reaches those that
   * are not at rest, and the job is `stopped` when they are; a cancel those that have not completed, and the job's own `cleanup` comes after theirs; a
   * resume those that failed or were stopped, but for those whose end a task has dealt with (it waited for them, and is done). A step forgets a job that was
   * cancelled, and starts another.
   *
   * Active -> `stopping`, or at once `stopped` if nothing runs. `job-state` when it is at rest, unless stopped already.
   */
  requestStop(jobId: string): Promise<Job>;
  /**
   * stopped, failed -> `queued`; error and failed tasks are set back to ready. Of a job that failed as `snapshot-lost` it counts as a restart.
   * `job-state` otherwise, and while a job above it, or one that it has still to do with, is being stopped or cancelled.
   */
  requestResume(jobId: string): Promise<Job>;
  /** -> `cancelling` with a ready task `cleanup`. `job-state` when completed; cancelled already: no error. */
  requestCancel(jobId: string): Promise<Job>;

  /**
   * A mail to send now: one becomes due when a job with `mailTo` completes or fails, and is due no more when the job is resumed or
   * cancelled. Until `leaseMs` have passed nobody else gets it. Null: there is none.
   */
  claimMail(leaseMs: number): Promise<DueMail | null>;
  /**
   * Ends a claim: the mail is due again at `retryAt`, or never (null: it was sent, or given up). The entries go to the job's log. A claim
   * that is not the current one any more decides nothing; a job that is gone is no error.
   */
  settleMail(mail: DueMail, retryAt: number | null, log?: readonly NewJobLogEntry[]): Promise<void>;

  /** Leases of tasks that run under this worker id go back to `ready` (process start); `stopping` jobs become `stopped`. Returns how many. */
  recover(workerId: string): Promise<number>;
  /** Removes completed, cancelled, stopped and failed jobs that finished before `finishedBefore`, each with the jobs that it started and never before it. Returns their ids. */
  prune(finishedBefore: number): Promise<readonly string[]>;
}
