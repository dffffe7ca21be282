import { AppError } from '../core/errors.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { JobChanges, JobRow } from './job-row.ts';
import { type Trx, toJson, whole } from './store-context.ts';
import { addDelta, changeGroups, type GroupDeltas } from './task-group.ts';

/** Rows of one insert: 19 parameters each, far below every database's limit. */
const batch = 200;

/**
 * Adds tasks to a locked job, and applies `deltas` (what else the verb changes in groups) with them. Gives the unfinished tasks of
 * each changed group and what the job's own sums grow by.
 */
export async function addTasks(
  trx: Trx,
  jobId: string,
  specs: readonly TaskSpec[],
  deltas: GroupDeltas,
): Promise<ReadonlyMap<string, number>> {
  for (const spec of specs) {
    if (spec.waitsFor.includes(spec.group)) {
      throw new AppError('internal', { message: `Task ${spec.key} waits for its own group ${spec.group}.` });
    }
    addDelta(deltas, spec.group, {
      unfinished: 1,
      bytesTotal: spec.counted ? whole(spec.bytes) : 0,
      unitsTotal: spec.counted ? 1 : 0,
    });
  }
  const unfinished = await changeGroups(trx, jobId, deltas);
  if (specs.length === 0) return unfinished;

  const blocking = await blockingGroups(trx, jobId, specs, unfinished);
  for (let start = 0; start < specs.length; start += batch) {
    if (start > 0) await breathe();
    const rows = specs.slice(start, start + batch).map((spec) => toRow(jobId, spec, blocking));
    await trx.insertInto('task').values(rows).execute();
  }
  await addWaits(trx, jobId, specs);
  return unfinished;
}

/** What new tasks add to the job's own sums. */
export function growth(job: JobRow, specs: readonly TaskSpec[]): JobChanges {
  let { unfinished, bytes_total, rows_total, units_total } = job;
  for (const spec of specs) {
    unfinished += 1;
    if (!spec.counted) continue;
    bytes_total += whole(spec.bytes);
    rows_total += whole(spec.rows);
    units_total += 1;
  }
  return { unfinished, bytes_total, rows_total, units_total };
}

/** Lets the process answer others: SQLite works in this thread, and a plan may have 100,000 tasks. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The groups among those waited for that have unfinished tasks. */
async function blockingGroups(
  trx: Trx,
  jobId: string,
  specs: readonly TaskSpec[],
  changed: ReadonlyMap<string, number>,
): Promise<ReadonlySet<string>> {
  const blocking = new Set<string>();
  for (const [name, count] of changed) if (count > 0) blocking.add(name);
  if (specs.every((spec) => spec.waitsFor.every((group) => changed.has(group)))) return blocking;
  const rows = await trx
    .selectFrom('task_group')
    .select('name')
    .where('job_id', '=', jobId)
    .where('unfinished', '>', 0)
    .execute();
  for (const row of rows) blocking.add(row.name);
  return blocking;
}

function toRow(jobId: string, spec: TaskSpec, blocking: ReadonlySet<string>) {
  let blockers = 0;
  for (const group of new Set(spec.waitsFor)) if (blocking.has(group)) blockers += 1;
  return {
    job_id: jobId,
    key: spec.key,
    kind: spec.kind,
    group_name: spec.group,
    state: blockers === 0 ? ('ready' as const) : ('waiting' as const),
    payload_json: toJson(spec.payload),
    waits_for_json: toJson(spec.waitsFor),
    blockers,
    bytes: whole(spec.bytes),
    rows: whole(spec.rows),
    counted: spec.counted ? 1 : 0,
    bytes_done: 0,
    rows_done: 0,
    attempt: 0,
    claims: 0,
    token: null,
    worker_id: null,
    retry_at: whole(spec.notBefore ?? 0),
    result_json: null,
    error_json: null,
    awaits_json: null,
  };
}

async function addWaits(trx: Trx, jobId: string, specs: readonly TaskSpec[]): Promise<void> {
  let rows: { job_id: string; group_name: string; task_key: string }[] = [];
  const flush = async (): Promise<void> => {
    if (rows.length > 0) await trx.insertInto('task_wait').values(rows).execute();
    rows = [];
  };
  for (const spec of specs) {
    for (const group of new Set(spec.waitsFor)) {
      rows.push({ job_id: jobId, group_name: group, task_key: spec.key });
      if (rows.length < batch) continue;
      await flush();
      await breathe();
    }
  }
  await flush();
}
