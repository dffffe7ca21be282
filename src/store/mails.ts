import type { NewJobLogEntry } from '../core/job.ts';
import type { DueMail } from '../jobs/job-store.ts';
import { lockJob, toJob } from './job-row.ts';
import { saveJob } from './save-job.ts';
import { inTransaction, othersWrite, reading, type StoreContext } from './store-context.ts';

export async function claimMail(store: StoreContext, leaseMs: number): Promise<DueMail | null> {
  // Mostly there is none, and many ask.
  if (!(await isSomethingDue(store))) return null;
  return inTransaction(store, 'claim a mail', async (trx) => {
    const now = store.clock.now();
    const due = await trx
      .selectFrom('job')
      .select('id')
      .where('mail_due_at', '<=', now)
      .orderBy('mail_due_at')
      .orderBy('seq')
      .limit(1)
      // Another process sends that one.
      .$if(othersWrite(trx), (query) => query.forNoKeyUpdate().skipLocked())
      .executeTakeFirst();
    if (due === undefined) return null;
    const row = await trx
      .updateTable('job')
      .set((eb) => ({ mail_due_at: now + leaseMs, mail_attempts: eb('mail_attempts', '+', 1) }))
      .where('id', '=', due.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const to = JSON.parse(row.mail_to_json ?? '[]') as readonly string[];
    return { job: await toJob(store, trx, row), to, attempt: row.mail_attempts };
  });
}

const isSomethingDue = (store: StoreContext): Promise<boolean> =>
  reading(store, 'look for mails', async (db) => {
    const due = await db
      .selectFrom('job')
      .select('id')
      .where('mail_due_at', '<=', store.clock.now())
      .limit(1)
      .executeTakeFirst();
    return due !== undefined;
  });

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
