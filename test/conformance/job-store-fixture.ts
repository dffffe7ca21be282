import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/core/error-catalogue.ts';
import { AppError, type ErrorRecord } from '../../src/core/errors.ts';
import type { Job, JobLogEntry } from '../../src/core/job.ts';
import type { ClaimedTask, JobStore, NewJob, TaskCompletion, TaskSpec } from '../../src/jobs/job-store.ts';

/** A job store that a suite may do with as it likes; each test opens its own, empty. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly jobs: JobStore;
  /** The store's time. */
  now(): number;
  advance(ms: number): void;
}

export type OpenStore = () => Promise<StoreUnderTest>;

/** Past 2^31 from the start: an integer that is too narrow shows at once. */
export const big = 3_000_000_000;

let names = 0;

/** A job with a name of its own. */
export function newJob(changes: Partial<NewJob> = {}): NewJob {
  names += 1;
  const prefix = `JOB_${names}`;
  return {
    name: (attempt) => `${prefix}_${attempt}`,
    owner: 'scott',
    database: 'orders',
    api: 'native',
    apiData: {},
    request: {
      kind: 'verify',
      database: '',
      location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
      filePattern: null,
      threads: 4,
    },
    threads: 4,
    idempotency: null,
    ...changes,
  };
}

/** A unit of data; give it at least a key. */
export function unit(key: string, changes: Partial<TaskSpec> = {}): TaskSpec {
  return {
    key,
    kind: 'data',
    group: 'data:t',
    waitsFor: [],
    payload: { key },
    bytes: 100,
    rows: 10,
    counted: true,
    ...changes,
  };
}

/** A task that progress does not count. */
export const step = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec =>
  unit(key, { kind: key, group: key, bytes: 0, rows: 0, counted: false, ...changes });

export const finishStep = (waitsFor: readonly string[]): TaskSpec => step('finish', { waitsFor });

export const done = (changes: Partial<TaskCompletion> = {}): TaskCompletion => ({ result: null, ...changes });

export const failure: ErrorRecord = {
  code: 'storage-failed',
  message: 'The disk is gone.',
  hint: 'Get another.',
};

export async function claim(jobs: JobStore, workerId = 'w'): Promise<ClaimedTask> {
  const claimed = await jobs.claimTask(workerId);
  assert.ok(claimed, 'there is a task to claim');
  return claimed;
}

/** A job whose plan is done: its tasks are the given ones. */
export async function plannedJob(
  jobs: JobStore,
  tasks: readonly TaskSpec[],
  changes: Partial<NewJob> = {},
  completion: Partial<TaskCompletion> = {},
): Promise<Job> {
  const { job } = await jobs.createJob(newJob(changes));
  const plan = await claim(jobs);
  assert.equal(plan.job.id, job.id, 'the plan claimed is that of the new job');
  await jobs.completeTask(plan.lease, done({ ...completion, spawn: tasks }));
  return get(jobs, job.id);
}

export async function get(jobs: JobStore, id: string): Promise<Job> {
  const job = await jobs.getJob(id);
  assert.ok(job, 'the job exists');
  return job;
}

/** Asserts an AppError of that code. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error = await promise.then(
    () => assert.fail(`must be rejected with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError, `an AppError: ${error}`);
  assert.equal(error.code, code);
  return error;
}

/** The states that the job's log tells of, in order. */
export async function loggedStates(jobs: JobStore, id: string): Promise<readonly unknown[]> {
  const entries: readonly JobLogEntry[] = await jobs.readLog(id, 0, 10_000);
  return entries.filter((entry) => entry.event === 'state').map((entry) => entry.data.state);
}

/** Tasks by key, with their states. */
export async function taskStates(jobs: JobStore, id: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await jobs.tasks(id)).map((task) => [task.key, task.state]));
}
