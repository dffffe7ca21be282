import { type Job, unfinishedStates } from '../core/job.ts';
import { type JobRow, toFoundJob, toJobs } from './job-row.ts';
import { type Db, reading, type StoreContext, type Trx } from './store-context.ts';

/** A job of a family, without what can be big. */
export type FamilyMember = Pick<JobRow, 'id' | 'parent_id' | 'state'>;

/** Those that a job started, themselves or through others, the youngest first: whoever locks them in this order locks children before parents. */
export async function descendantsOf(trx: Trx, job: Pick<JobRow, 'id' | 'root_id'>): Promise<FamilyMember[]> {
  const family = await trx
    .selectFrom('job')
    .select(['id', 'parent_id', 'state'])
    .where('root_id', '=', job.root_id)
    .orderBy('seq')
    .execute();
  const ids = new Set([job.id]);
  const below: FamilyMember[] = [];
  for (const member of family) {
    if (member.parent_id === null || !ids.has(member.parent_id)) continue;
    ids.add(member.id);
    below.unshift(member);
  }
  return below;
}

/** Whether a job that is being stopped has stopped: nothing of it runs, and every job that it started rests. */
export async function isStopped(
  trx: Trx,
  job: Pick<JobRow, 'id' | 'state'>,
  running: number,
): Promise<boolean> {
  return job.state === 'stopping' && running === 0 && !(await hasUnfinishedChildren(trx, job.id));
}

export async function hasUnfinishedChildren(trx: Trx, jobId: string): Promise<boolean> {
  const child = await trx
    .selectFrom('job')
    .select('id')
    .where('parent_id', '=', jobId)
    .where('state', 'in', unfinishedStates)
    .limit(1)
    .executeTakeFirst();
  return child !== undefined;
}

/** The jobs of `task.awaits_json`. */
export const jobIdsOf = (awaitsJson: string | null): readonly string[] =>
  JSON.parse(awaitsJson ?? '[]') as readonly string[];

/**
 * The children that a job has still to do with when it goes on: those that rest without having completed, or soon will, but not those whose end a
 * task has dealt with (it waited for them, and is done).
 */
export async function openChildren(trx: Trx, jobId: string): Promise<readonly FamilyMember[]> {
  const children = await trx
    .selectFrom('job')
    .select(['id', 'parent_id', 'state'])
    .where('parent_id', '=', jobId)
    .where('forgotten', '=', 0)
    .where('state', 'in', ['failed', 'stopped', 'cancelled', 'stopping', 'cancelling'])
    .orderBy('seq', 'desc')
    .execute();
  if (children.length === 0) return [];
  const tasks = await trx
    .selectFrom('task')
    .select(['state', 'awaits_json'])
    .where('job_id', '=', jobId)
    .where('awaits_json', 'is not', null)
    .execute();
  const awaitedBy = (isDone: boolean): ReadonlySet<string> =>
    new Set(
      tasks
        .filter(({ state }) => (state === 'done') === isDone)
        .flatMap(({ awaits_json }) => jobIdsOf(awaits_json)),
    );
  const [open, dealtWith] = [awaitedBy(false), awaitedBy(true)];
  return children.filter(({ id }) => open.has(id) || !dealtWith.has(id));
}

/** The row of the job that a step started, unless it was forgotten. */
export function findChild(db: Db, parentId: string, step: string): Promise<JobRow | undefined> {
  return db
    .selectFrom('job')
    .selectAll()
    .where('parent_id', '=', parentId)
    .where('parent_step', '=', step)
    .where('forgotten', '=', 0)
    .executeTakeFirst();
}

export function childJob(store: StoreContext, parentId: string, step: string): Promise<Job | null> {
  return reading(store, 'find a job that another one started', async (db) =>
    toFoundJob(store, db, await findChild(db, parentId, step)),
  );
}

export function childJobs(store: StoreContext, parentId: string): Promise<readonly Job[]> {
  return reading(store, 'list the jobs that a job started', async (db) => {
    const rows = await db
      .selectFrom('job')
      .selectAll()
      .where('parent_id', '=', parentId)
      .orderBy('seq')
      .execute();
    return toJobs(store, db, rows);
  });
}
