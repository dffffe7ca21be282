import { newId } from '../base/id.ts';
import { AppError } from '../core/errors.ts';
import { claimableStates, type Job, type NewJobLogEntry } from '../core/job.ts';
import type { JobRequest } from '../core/request.ts';
import type { NewJob } from '../jobs/job-store.ts';
import { addTasks } from './add-tasks.ts';
import { findChild } from './family.ts';
import { keepJobCredentials } from './job-credentials.ts';
import { type JobRow, lockKnownJob, toFoundJob, toJob } from './job-row.ts';
import { appendLogRows } from './log-row.ts';
import { offerPlan } from './offer-work.ts';
import { stateEntry } from './save-job.ts';
import { findUses, keepUses } from './set-uses.ts';
import {
  type Db,
  inTransaction,
  nextNumber,
  reading,
  type StoreContext,
  type Trx,
  toJson,
} from './store-context.ts';
import { planTask } from './task-row.ts';

export function createJob(
  store: StoreContext,
  job: NewJob,
): Promise<{ readonly job: Job; readonly created: boolean }> {
  return inTransaction(store, 'create a job', async (trx) => {
    const known = await findByIdempotencyKey(store, trx, job.owner, job.idempotency);
    if (known !== null) return { job: known, created: false };

    // From here on no other job is made until this one is.
    const seq = await nextNumber(trx, 'job');
    const parent = job.parent === undefined ? undefined : await lockParent(trx, job.parent);
    if (job.parent !== undefined) {
      const started = await toFoundJob(store, trx, await findChild(trx, job.parent.jobId, job.parent.step));
      if (started !== null) return { job: started, created: false };
    }
    if (job.onlyOfDatabase === true) await refuseBesideOthers(trx, job.database, parent);
    let tried: string | undefined;
    for (let attempt = 0; ; attempt++) {
      const name = job.name(attempt);
      if (name === tried) {
        throw new AppError('job-exists', {
          message: `The database ${JSON.stringify(job.database)} has a job ${JSON.stringify(name)} already.`,
        });
      }
      tried = name;
      const row = await insertJob(store, trx, job, { seq, name, parent });
      if (row !== undefined) {
        await takePlaces(trx, job, row);
        await keepJobCredentials(trx, row, job.credentials ?? []);
        await addTasks(trx, row.id, [planTask], new Map());
        await appendLogRows(trx, row.id, 0, row.created_at, firstEntries(job));
        await offerPlan(store, trx, row);
        return { job: await toJob(store, trx, row), created: true };
      }
      // Not written: the name is taken, or another process has just used the same key.
      const raced = await findByIdempotencyKey(store, trx, job.owner, job.idempotency);
      if (raced !== null) return { job: raced, created: false };
    }
  });
}

/** Keeps what the job uses. Throws what is in the way. */
async function takePlaces(trx: Trx, job: NewJob, row: JobRow): Promise<void> {
  const uses = job.usesFor?.(row.name) ?? [];
  if (uses.length === 0) return;
  const names = uses.map((use) => use.names);
  job.refuse?.(uses, await findUses(trx, names));
  await keepUses(trx, row.id, uses);
}

export function findIdempotent(
  store: StoreContext,
  owner: string,
  idempotency: { readonly key: string; readonly digest: string },
): Promise<Job | null> {
  return reading(store, 'find a job', (db) => findByIdempotencyKey(store, db, owner, idempotency));
}

async function findByIdempotencyKey(
  store: StoreContext,
  db: Db,
  owner: string,
  idempotency: NewJob['idempotency'],
): Promise<Job | null> {
  if (idempotency === null) return null;
  const row = await db
    .selectFrom('job')
    .selectAll()
    .where('owner', '=', owner)
    .where('idempotency_key', '=', idempotency.key)
    .executeTakeFirst();
  if (row !== undefined && row.idempotency_digest !== idempotency.digest) {
    throw new AppError('idempotency-mismatch', {
      message: `The idempotency key was used before for another request: job ${JSON.stringify(row.name)}.`,
    });
  }
  return toFoundJob(store, db, row);
}

const firstEntries = (job: NewJob): readonly NewJobLogEntry[] => [
  stateEntry('queued', 0),
  ...(job.log ?? []),
];

/** The job that starts another one, locked. A job that is being stopped, or rests, starts none: nobody would stop that one. */
async function lockParent(trx: Trx, { jobId }: NonNullable<NewJob['parent']>): Promise<JobRow> {
  const parent = await lockKnownJob(trx, jobId);
  if (claimableStates.includes(parent.state)) return parent;
  throw new AppError('job-state', {
    message: `Job ${JSON.stringify(parent.name)} is ${parent.state} and starts no other job.`,
  });
}

/**
 * Throws `database-busy` when an unfinished job works on the database, also as the target of a copy or the place of a proof; those of the
 * family that the job is to belong to do not count.
 */
async function refuseBesideOthers(trx: Trx, database: string, parent: JobRow | undefined): Promise<void> {
  const unfinished = trx
    .selectFrom('job')
    .select(['name', 'database', 'request_json', 'seq'])
    .where('finished_at', 'is', null)
    .where('root_id', '<>', parent?.root_id ?? '');
  const rivals = await unfinished
    .where('database', '=', database)
    .unionAll(unfinished.where('kind', 'in', ['copy', 'backup_verify']))
    .orderBy('seq')
    .execute();
  const other = rivals.find(
    (row) => row.database === database || worksToo(JSON.parse(row.request_json) as JobRequest, database),
  );
  if (other === undefined) return;
  throw new AppError('database-busy', {
    field: 'database',
    message: `The job ${other.name} works on database ${database} and is not finished.`,
  });
}

/** Whether a job works on a database besides its own. */
const worksToo = (request: JobRequest, database: string): boolean =>
  (request.kind === 'copy' && request.target === database) ||
  (request.kind === 'backup_verify' && request.scratchDatabase === database);

/** Undefined when name or idempotency key are taken. */
function insertJob(
  store: StoreContext,
  trx: Trx,
  job: NewJob,
  { seq, name, parent }: { readonly seq: number; readonly name: string; readonly parent: JobRow | undefined },
): Promise<JobRow | undefined> {
  const id = newId();
  return trx
    .insertInto('job')
    .values({
      id,
      seq,
      name,
      kind: job.request.kind,
      state: 'queued',
      owner: job.owner,
      database: job.database,
      api: job.api,
      api_data_json: toJson(job.apiData),
      request_json: toJson(job.requestFor?.(name, id) ?? job.request),
      idempotency_key: job.idempotency?.key ?? null,
      idempotency_digest: job.idempotency?.digest ?? null,
      plan_id: null,
      result_id: null,
      threads: job.threads,
      running: 0,
      unfinished: 1,
      bytes_done: 0,
      bytes_total: 0,
      rows_done: 0,
      rows_total: 0,
      units_done: 0,
      units_total: 0,
      error_count: 0,
      error_json: null,
      restarts: 0,
      log_seq: firstEntries(job).length,
      created_at: store.clock.now(),
      started_at: null,
      finished_at: null,
      version: 1,
      held_until: 0,
      held_for: null,
      mail_to_json: job.mailTo === undefined || job.mailTo.length === 0 ? null : toJson(job.mailTo),
      mail_due_at: null,
      mail_attempts: 0,
      parent_id: parent?.id ?? null,
      parent_step: job.parent?.step ?? null,
      forgotten: 0,
      root_id: parent?.root_id ?? id,
      priority: job.priority ?? 0,
      home: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}
