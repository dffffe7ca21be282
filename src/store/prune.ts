import { isResting, restingStates } from '../core/job.ts';
import { dropJobCredentials } from './job-credentials.ts';
import { inTransaction, type StoreContext, type Trx, withoutIndex } from './store-context.ts';

/** Families of one transaction: removing a job may mean hundreds of thousands of rows. */
const batch = 20;

export async function prune(store: StoreContext, finishedBefore: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (;;) {
    const ids = await inTransaction(store, 'remove old jobs', async (trx) => {
      const gone: string[] = [];
      for (const root of await oldFamilies(trx, finishedBefore)) {
        gone.push(...(await removeFamily(trx, root, finishedBefore)));
      }
      await dropJobCredentials(trx, gone);
      return gone;
    });
    if (ids.length === 0) return removed;
    removed.push(...ids);
  }
}

/** The oldest jobs that nobody started and that are over, with all that they started. */
async function oldFamilies(trx: Trx, finishedBefore: number): Promise<readonly string[]> {
  const rows = await trx
    .selectFrom('job')
    .select('id')
    .where(withoutIndex('parent_id'), '=', '')
    .where('state', 'in', restingStates)
    .where('finished_at', '<', finishedBefore)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('job as member')
            .select('member.id')
            .whereRef('member.root_id', '=', 'job.id')
            .where((member) =>
              member.or([
                member('member.state', 'not in', restingStates),
                member('member.finished_at', '>=', finishedBefore),
              ]),
            ),
        ),
      ),
    )
    .orderBy('seq')
    .limit(batch)
    .execute();
  return rows.map(({ id }) => id);
}

/** Removes a family, its tasks, logs and documents with it, unless somebody has resumed a job of it meanwhile. Gives the ids. */
async function removeFamily(trx: Trx, root: string, finishedBefore: number): Promise<readonly string[]> {
  const members = await trx
    .updateTable('job')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .where('root_id', '=', root)
    .returning(['id', 'state', 'finished_at'])
    .execute();
  const isOver = members.every(
    ({ state, finished_at }) => isResting(state) && finished_at !== null && finished_at < finishedBefore,
  );
  if (!isOver) return [];
  const ids = members.map(({ id }) => id);
  await trx.deleteFrom('job').where('root_id', '=', root).execute();
  return ids;
}
