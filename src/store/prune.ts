import { restingStates } from '../core/job.ts';
import { dropJobCredentials } from './job-credentials.ts';
import { inTransaction, type StoreContext } from './store-context.ts';

/** Jobs of one transaction: removing one may mean hundreds of thousands of rows. */
const batch = 20;

export async function prune(store: StoreContext, finishedBefore: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (;;) {
    const ids = await inTransaction(store, 'remove old jobs', async (trx) => {
      const old = await trx
        .selectFrom('job')
        .select('id')
        .where('state', 'in', restingStates)
        .where('finished_at', '<', finishedBefore)
        .orderBy('seq')
        .limit(batch)
        .execute();
      if (old.length === 0) return [];
      // Guarded again: on PostgreSQL somebody may have resumed one meanwhile. Tasks, logs and documents go with the row.
      const gone = await trx
        .deleteFrom('job')
        .where(
          'id',
          'in',
          old.map((row) => row.id),
        )
        .where('state', 'in', restingStates)
        .where('finished_at', '<', finishedBefore)
        .returning('id')
        .execute();
      const removedIds = gone.map((row) => row.id);
      await dropJobCredentials(trx, removedIds);
      return removedIds;
    });
    if (ids.length === 0) return removed;
    removed.push(...ids);
  }
}
