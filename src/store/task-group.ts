import { sql } from 'kysely';
import type { Trx } from './store-context.ts';

/** What a verb changes in the sums of one group. */
export interface GroupDelta {
  unfinished?: number;
  bytesDone?: number;
  bytesTotal?: number;
  rowsDone?: number;
  unitsDone?: number;
  unitsTotal?: number;
  failed?: number;
}

export type GroupDeltas = Map<string, GroupDelta>;

/** Adds to the delta of a group. */
export function addDelta(deltas: GroupDeltas, group: string, delta: GroupDelta): void {
  const sum = deltas.get(group) ?? {};
  for (const [name, value] of Object.entries(delta) as [keyof GroupDelta, number][]) {
    sum[name] = (sum[name] ?? 0) + value;
  }
  deltas.set(group, sum);
}

/** Rows of one insert: keeps the number of parameters far below every database's limit. */
const batch = 200;

/**
 * Applies the deltas, and lets the tasks that wait for a group know when it becomes finished or unfinished.
 * Gives the unfinished tasks of each changed group. The job is locked.
 */
export async function changeGroups(
  trx: Trx,
  jobId: string,
  deltas: GroupDeltas,
): Promise<ReadonlyMap<string, number>> {
  const unfinished = new Map<string, number>();
  const all = [...deltas];
  for (let start = 0; start < all.length; start += batch) {
    const rows = await trx
      .insertInto('task_group')
      .values(
        all.slice(start, start + batch).map(([name, delta]) => ({
          job_id: jobId,
          name,
          unfinished: delta.unfinished ?? 0,
          bytes_done: delta.bytesDone ?? 0,
          bytes_total: delta.bytesTotal ?? 0,
          rows_done: delta.rowsDone ?? 0,
          units_done: delta.unitsDone ?? 0,
          units_total: delta.unitsTotal ?? 0,
          failed: delta.failed ?? 0,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['job_id', 'name']).doUpdateSet((eb) => ({
          unfinished: eb('task_group.unfinished', '+', eb.ref('excluded.unfinished')),
          bytes_done: eb('task_group.bytes_done', '+', eb.ref('excluded.bytes_done')),
          bytes_total: eb('task_group.bytes_total', '+', eb.ref('excluded.bytes_total')),
          rows_done: eb('task_group.rows_done', '+', eb.ref('excluded.rows_done')),
          units_done: eb('task_group.units_done', '+', eb.ref('excluded.units_done')),
          units_total: eb('task_group.units_total', '+', eb.ref('excluded.units_total')),
          failed: eb('task_group.failed', '+', eb.ref('excluded.failed')),
        })),
      )
      .returning(['name', 'unfinished'])
      .execute();
    for (const row of rows) unfinished.set(row.name, row.unfinished);
  }
  await tellWaiting(trx, jobId, deltas, unfinished);
  return unfinished;
}

async function tellWaiting(
  trx: Trx,
  jobId: string,
  deltas: GroupDeltas,
  unfinished: ReadonlyMap<string, number>,
): Promise<void> {
  const turned = [...unfinished].flatMap(([name, after]) => {
    const before = after - (deltas.get(name)?.unfinished ?? 0);
    return before > 0 === after > 0 ? [] : [{ name, step: after > 0 ? 1 : -1 }];
  });
  // A plan adds thousands of groups at once, for which nothing waits yet.
  const waitedFor = turned.length > batch ? await groupsWaitedFor(trx, jobId) : undefined;
  for (const { name, step } of turned) {
    if (waitedFor !== undefined && !waitedFor.has(name)) continue;
    await trx
      .updateTable('task')
      .set((eb) => ({
        blockers: eb('blockers', '+', step),
        state: eb
          .case()
          .when(eb.and([eb('state', '=', 'waiting'), eb('blockers', '=', -step)]))
          .then(sql.lit('ready' as const))
          .when(eb.and([eb('state', '=', 'ready'), eb('blockers', '=', 0)]))
          .then(sql.lit('waiting' as const))
          .else(eb.ref('state'))
          .end(),
      }))
      .where('job_id', '=', jobId)
      .where('key', 'in', (eb) =>
        eb
          .selectFrom('task_wait')
          .select('task_key')
          .where('job_id', '=', jobId)
          .where('group_name', '=', name),
      )
      .execute();
  }
}

async function groupsWaitedFor(trx: Trx, jobId: string): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('task_wait')
    .select('group_name')
    .distinct()
    .where('job_id', '=', jobId)
    .execute();
  return new Set(rows.map((row) => row.group_name));
}
