import type { Lease } from '../jobs/job-store.ts';
import { inTransaction, reading, type StoreContext, type Trx } from './store-context.ts';
import { leaseLost, lockLease, ownedBy } from './task-row.ts';

export function confirmLease(store: StoreContext, lease: Lease): Promise<void> {
  return reading(store, 'confirm a lease', async (db) => {
    const task = await db.selectFrom('task').select('key').where(ownedBy(lease)).executeTakeFirst();
    if (task === undefined) throw leaseLost(lease);
  });
}

export function shareSnapshot(store: StoreContext, lease: Lease, token: string): Promise<void> {
  return inTransaction(store, 'share a snapshot', async (trx) => {
    const { job } = await lockLease(trx, lease);
    await trx
      .insertInto('job_snapshot')
      .columns(['job_id', 'token', 'seq'])
      .expression((eb) =>
        eb
          .selectFrom('job_snapshot')
          .select(({ fn, val, lit }) => [
            val(job.id).as('job_id'),
            val(token).as('token'),
            eb(fn.coalesce(fn.max('seq'), lit(0)), '+', 1).as('seq'),
          ])
          .where('job_id', '=', job.id),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

export function snapshotTokens(store: StoreContext, jobId: string): Promise<readonly string[]> {
  return reading(store, 'read the tokens of a snapshot', async (db) => {
    const rows = await db
      .selectFrom('job_snapshot')
      .select('token')
      .where('job_id', '=', jobId)
      .orderBy('seq')
      .execute();
    return rows.map(({ token }) => token);
  });
}

/** Nobody joins them any more: the job restarts or rests. */
export async function forgetSnapshots(trx: Trx, jobId: string): Promise<void> {
  await trx.deleteFrom('job_snapshot').where('job_id', '=', jobId).execute();
}
