import type { Job, JobLogEntry, TableProgress } from '../core/job.ts';
import type { JobFilter, TaskRecord } from '../jobs/job-store.ts';
import { type JobRow, toJob } from './job-row.ts';
import { toLogEntry } from './log-row.ts';
import { inTransaction, type StoreContext } from './store-context.ts';
import { toTaskRecord } from './task-row.ts';

export function getJob(store: StoreContext, id: string): Promise<Job | null> {
  return inTransaction(store, 'read a job', async (trx) => {
    const row = await trx.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
    return row === undefined ? null : toJob(store, trx, row);
  });
}

export function findJob(
  store: StoreContext,
  database: string,
  api: string,
  name: string,
): Promise<Job | null> {
  return inTransaction(store, 'find a job', async (trx) => {
    const row = await trx
      .selectFrom('job')
      .selectAll()
      .where('database', '=', database)
      .where('api', '=', api)
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? null : toJob(store, trx, row);
  });
}

export function listJobs(store: StoreContext, filter: JobFilter): Promise<readonly Job[]> {
  const { kinds, states, owner, databases, api, topLevel, beforeSeq } = filter;
  if (kinds?.length === 0 || states?.length === 0 || databases?.length === 0) return Promise.resolve([]);
  return inTransaction(store, 'list jobs', async (trx) => {
    let query = trx.selectFrom('job').selectAll().orderBy('seq', 'desc').limit(filter.limit);
    if (kinds !== undefined) query = query.where('kind', 'in', kinds);
    if (states !== undefined) query = query.where('state', 'in', states);
    if (owner !== undefined) query = query.where('owner', '=', owner);
    if (databases !== undefined) query = query.where('database', 'in', databases);
    if (api !== undefined) query = query.where('api', '=', api);
    if (topLevel === true) query = query.where('parent_id', 'is', null);
    if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
    const rows: readonly JobRow[] = await query.execute();
    const jobs: Job[] = [];
    for (const row of rows) jobs.push(await toJob(store, trx, row));
    return jobs;
  });
}

export function tableProgress(store: StoreContext, jobId: string): Promise<readonly TableProgress[]> {
  return inTransaction(store, 'read the progress of tables', async (trx) => {
    const rows = await trx
      .selectFrom('task_group')
      .selectAll()
      .where('job_id', '=', jobId)
      .where('units_total', '>', 0)
      .orderBy('name')
      .execute();
    return rows.map((row) => ({
      group: row.name,
      bytesDone: row.bytes_done,
      bytesTotal: row.bytes_total,
      rowsDone: row.rows_done,
      unitsDone: row.units_done,
      unitsTotal: row.units_total,
      failed: row.failed,
    }));
  });
}

export function readTasks(
  store: StoreContext,
  jobId: string,
  kind?: string,
  group?: string,
): Promise<readonly TaskRecord[]> {
  return inTransaction(store, 'read tasks', async (trx) => {
    let query = trx
      .selectFrom('task')
      .select(['key', 'kind', 'group_name', 'state', 'payload_json', 'result_json', 'error_json'])
      .where('job_id', '=', jobId)
      .orderBy('key');
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (group !== undefined) query = query.where('group_name', '=', group);
    return (await query.execute()).map(toTaskRecord);
  });
}

export function readLog(
  store: StoreContext,
  jobId: string,
  afterSeq: number,
  limit: number,
): Promise<readonly JobLogEntry[]> {
  return inTransaction(store, 'read a job log', async (trx) => {
    const rows = await trx
      .selectFrom('job_log')
      .selectAll()
      .where('job_id', '=', jobId)
      .where('seq', '>', afterSeq)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return rows.map(toLogEntry);
  });
}
