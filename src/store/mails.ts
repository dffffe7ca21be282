import type { NewJobLogEntry } from '../core/job.ts';
import type { DueMail } from '../jobs/job-store.ts';
import { lockJob, toJob } from './job-row.ts';
import { saveJob } from './save-job.ts';
import { inTransaction, type StoreContext } from './store-context.ts';

export function claimMail(store: StoreContext, leaseMs: number): Promise<DueMail | null> {
  return inTransaction(store, 'claim a mail', async (trx) => {
    const now = store.clock.now();
    const due = await trx
      .selectFrom('job')
      .select(['id', 'mail_due_at'])
      .where('mail_due_at', '<=', now)
      .orderBy('mail_due_at')
      .orderBy('seq')
      .limit(1)
      .executeTakeFirst();
    if (due === undefined) return null;
    const row = await trx
      .updateTable('job')
      .set((eb) => ({ mail_due_at: now + leaseMs, mail_attempts: eb('mail_attempts', '+', 1) }))
      .where('id', '=', due.id)
      // Another instance may have been faster.
      .where('mail_due_at', '=', due.mail_due_at)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return null;
    const to = JSON.parse(row.mail_to_json ?? '[]') as readonly string[];
    return { job: await toJob(store, trx, row), to, attempt: row.mail_attempts };
  });
}

export function settleMail(
  store: StoreContext,
  { job, attempt }: DueMail,
  retryAt: number | null,
  log: readonly NewJobLogEntry[] = [],
): Promise<void> {
  return inTransaction(store, 'settle a mail', async (trx) => {
    const row = await lockJob(trx, job.id);
    if (row === undefined) return;
    // Resumed meanwhile, and perhaps ended again, or claimed by somebody else after the lease: their mail is another.
    const isCurrent = row.finished_at === job.finishedAt && row.mail_attempts === attempt;
    await saveJob(store, trx, row, isCurrent ? { mail_due_at: retryAt } : {}, log);
  });
}
