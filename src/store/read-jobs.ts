import { isResting, type Job, type JobLogEntry, type TableProgress } from '../core/job.ts';
import type { JobFilter, TaskRecord } from '../jobs/job-store.ts';
import { type JobRow, toFoundJob, toJobs } from './job-row.ts';
import { toLogEntry } from './log-row.ts';
import { othersWrite, reading, type StoreContext, withoutIndex } from './store-context.ts';
import { toTaskRecord } from './task-row.ts';

export function getJob(store: StoreContext, id: string): Promise<Job | null> {
  return reading(store, 'read a job', async (db) => {
    const row = await db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
    return toFoundJob(store, db, row);
  });
}

export function findJob(
  store: StoreContext,
  database: string,
  api: string,
  name: string,
): Promise<Job | null> {
  return reading(store, 'find a job', async (db) => {
    const row = await db
      .selectFrom('job')
      .selectAll()
      .where('database', '=', database)
      .where('api', '=', api)
      .where('name', '=', name)
      .executeTakeFirst();
    return toFoundJob(store, db, row);
  });
}

/** Columns that have an index with `seq`, the best first; of unfinished jobs, those that have one of these alone. */
const allIndexes = ['owner', 'database', 'api', 'kind', 'state'] as const;
const unfinishedIndexes = ['database', 'kind'] as const;

export function listJobs(store: StoreContext, filter: JobFilter): Promise<readonly Job[]> {
  const { kinds, states, owner, databases, api, topLevel, beforeSeq } = filter;
  if (kinds?.length === 0 || states?.length === 0 || databases?.length === 0) return Promise.resolve([]);
  return reading(store, 'list jobs', async (db) => {
    let query = db.selectFrom('job').selectAll().orderBy('seq', 'desc').limit(filter.limit);
    const isUnfinished = states?.every((state) => !isResting(state)) ?? false;
    // Else they would be looked for among all that are over.
    if (isUnfinished) query = query.where('finished_at', 'is', null);
    const lists = {
      owner: owner === undefined ? undefined : [owner],
      database: databases,
      api: api === undefined ? undefined : [api],
      kind: kinds,
      state: states,
    };
    const order = isUnfinished ? unfinishedIndexes : allIndexes;
    // PostgreSQL knows by its figures which index is the best.
    const knowsBest = othersWrite(db);
    const indexed = order.find((column) => lists[column] !== undefined);
    for (const column of allIndexes) {
      const values = lists[column];
      if (values === undefined) continue;
      query = query.where((eb) =>
        eb(knowsBest || column === indexed ? eb.ref(column) : withoutIndex(column), 'in', values),
      );
    }
    if (topLevel === true) query = query.where('parent_id', 'is', null);
    if (beforeSeq !== undefined) query = query.where('seq', '<', beforeSeq);
    const rows: readonly JobRow[] = await query.execute();
    return toJobs(store, db, rows);
  });
}

export function tableProgress(store: StoreContext, jobId: string): Promise<readonly TableProgress[]> {
  return reading(store, 'read the progress of tables', async (db) => {
    const rows = await db
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
  return reading(store, 'read tasks', async (db) => {
    let query = db
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
  return reading(store, 'read a job log', async (db) => {
    const rows = await db
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
