import type { NewSetUse, SetNames, SetUse } from '../jobs/job-store.ts';
import { type Db, reading, type StoreContext, type Trx, toJson } from './store-context.ts';

/** A name can have as many characters; those after it do not tell sets apart here. */
const longestTop = 1000;

export function usesNear(store: StoreContext, names: readonly SetNames[]): Promise<readonly SetUse[]> {
  return reading(store, 'look for uses of dump sets', (db) => findUses(db, names));
}

/** The uses of sets that may have files of these names: what has completed or is cancelled uses none (save-job.ts). */
export async function findUses(db: Db, names: readonly SetNames[]): Promise<readonly SetUse[]> {
  const found = new Map<string, SetUse>();
  for (const { top, isPattern } of names) {
    const mine = top.slice(0, longestTop);
    const shorter = Array.from({ length: mine.length }, (_, index) => mine.slice(0, index + 1));
    const rows = await db
      .selectFrom('job_use')
      .innerJoin('job', 'job.id', 'job_use.job_id')
      .select([
        'job_use.job_id',
        'job_use.position',
        'job_use.does',
        'job_use.top',
        'job_use.is_pattern',
        'job_use.set_json',
        'job.name',
        'job.database',
        'job.state',
        'job.plan_id',
      ])
      .where((eb) =>
        eb.or([
          isPattern || top.length > longestTop
            ? eb.and([eb('job_use.top', '>=', mine), eb('job_use.top', '<', `${mine}\u{10FFFF}`)])
            : eb('job_use.top', '=', mine),
          eb.and([eb('job_use.is_pattern', '=', 1), eb('job_use.top', 'in', shorter)]),
        ]),
      )
      .execute();
    for (const row of rows) {
      found.set(`${row.job_id} ${row.position}`, {
        does: row.does,
        names: { top: row.top, isPattern: row.is_pattern === 1 },
        set: JSON.parse(row.set_json) as unknown,
        job: {
          id: row.job_id,
          name: row.name,
          database: row.database,
          state: row.state,
          isPlanned: row.plan_id !== null,
        },
      });
    }
  }
  return [...found.values()];
}

export async function keepUses(trx: Trx, jobId: string, uses: readonly NewSetUse[]): Promise<void> {
  if (uses.length === 0) return;
  await trx
    .insertInto('job_use')
    .values(
      uses.map(({ does, names, set }, position) => ({
        job_id: jobId,
        position,
        does,
        top: names.top.slice(0, longestTop),
        is_pattern: names.isPattern || names.top.length > longestTop ? 1 : 0,
        set_json: toJson(set),
      })),
    )
    .execute();
}

export async function dropUses(trx: Trx, jobId: string): Promise<void> {
  await trx.deleteFrom('job_use').where('job_id', '=', jobId).execute();
}
