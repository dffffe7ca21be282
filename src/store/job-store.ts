import type { JobStore } from '../jobs/job-store.ts';
import { claimTask, nextRetryAt } from './claim-task.ts';
import { requestCancel, requestResume, requestStop } from './control-job.ts';
import { createJob, findIdempotent } from './create-job.ts';
import { childJob, childJobs } from './family.ts';
import { completeTask, failTask } from './finish-task.ts';
import { lockKnownJob } from './job-row.ts';
import { claimMail, settleMail } from './mails.ts';
import { prune } from './prune.ts';
import { findJob, getJob, listJobs, readLog, readTasks, tableProgress } from './read-jobs.ts';
import { restartJob } from './restart-job.ts';
import {
  awaitJobs,
  failJob,
  holdJob,
  recover,
  releaseTask,
  reportProgress,
  retryTask,
  unclaimTask,
} from './return-task.ts';
import { saveJob } from './save-job.ts';
import { usesNear } from './set-uses.ts';
import { confirmLease, shareSnapshot, snapshotTokens } from './snapshots.ts';
import { inTransaction, type StoreContext } from './store-context.ts';

/** The job store over any database that Kysely speaks to; closing it does not close the database. */
export function createJobStore(store: StoreContext): JobStore {
  return {
    createJob: (job) => createJob(store, job),
    findIdempotent: (owner, idempotency) => findIdempotent(store, owner, idempotency),
    getJob: (id) => getJob(store, id),
    findJob: (database, api, name) => findJob(store, database, api, name),
    usesNear: (names) => usesNear(store, names),
    childJob: (parentId, step) => childJob(store, parentId, step),
    childJobs: (parentId) => childJobs(store, parentId),
    listJobs: (filter) => listJobs(store, filter),
    tableProgress: (jobId) => tableProgress(store, jobId),
    tasks: (jobId, kind, group) => readTasks(store, jobId, kind, group),

    claimTask: (workerId) => claimTask(store, workerId),
    nextRetryAt: () => nextRetryAt(store),
    confirmLease: (lease) => confirmLease(store, lease),
    shareSnapshot: (lease, token) => shareSnapshot(store, lease, token),
    snapshotTokens: (jobId) => snapshotTokens(store, jobId),
    reportProgress: (lease, done) => reportProgress(store, lease, done),
    completeTask: (lease, completion) => completeTask(store, lease, completion),
    failTask: (lease, error, log) => failTask(store, lease, error, log),
    retryTask: (lease, retryAt, log) => retryTask(store, lease, retryAt, log),
    holdJob: (lease, until, reason, log) => holdJob(store, lease, until, reason, log),
    awaitJobs: (lease, jobIds, recheckMs) => awaitJobs(store, lease, jobIds, recheckMs),
    releaseTask: (lease) => releaseTask(store, lease),
    unclaimTask: (lease) => unclaimTask(store, lease),
    failJob: (lease, error) => failJob(store, lease, error),
    restartJob: (lease, reason, keep) => restartJob(store, lease, reason, keep),
    async appendLog(jobId, entries) {
      await inTransaction(store, 'append to a job log', async (trx) => {
        await saveJob(store, trx, await lockKnownJob(trx, jobId), {}, entries);
      });
    },
    readLog: (jobId, afterSeq, limit) => readLog(store, jobId, afterSeq, limit),

    requestStop: (jobId) => requestStop(store, jobId),
    requestResume: (jobId) => requestResume(store, jobId),
    requestCancel: (jobId) => requestCancel(store, jobId),

    claimMail: (leaseMs) => claimMail(store, leaseMs),
    settleMail: (mail, retryAt, log) => settleMail(store, mail, retryAt, log),

    recover: (workerId) => recover(store, workerId),
    prune: (finishedBefore) => prune(store, finishedBefore),
    [Symbol.asyncDispose]: () => store.db.destroy(),
  };
}
