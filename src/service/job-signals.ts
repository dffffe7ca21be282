import type { JobNotices } from '../jobs/job-notices.ts';
import type { JobStore } from '../jobs/job-store.ts';

/** Tells that a job has changed: in this process, and in those that share its store as far as there are notices. Nothing is promised about the latter. */
export interface JobSignals {
  /** Calls `listener` soon after each change of the job, until the returned function is called. */
  subscribe(jobId: string, listener: () => void): () => void;
}

/** The store, and signals of what is written through it, and of what notices tell. Worker and service must share the returned store. */
export function withSignals(
  store: JobStore,
  notices?: JobNotices,
): { readonly store: JobStore; readonly signals: JobSignals } {
  const listeners = new Map<string, Set<() => void>>();
  notices?.subscribe(
    ({ jobId }) => changed(jobId),
    () => {
      for (const jobId of listeners.keys()) changed(jobId);
    },
  );

  function changed(jobId: string): void {
    for (const listener of listeners.get(jobId) ?? []) listener();
  }
  async function telling<T>(jobId: string, work: Promise<T>): Promise<T> {
    const result = await work;
    changed(jobId);
    return result;
  }

  return {
    store: {
      createJob: (job) => store.createJob(job),
      getJob: (id) => store.getJob(id),
      findJob: (database, api, name) => store.findJob(database, api, name),
      findIdempotent: (owner, idempotency) => store.findIdempotent(owner, idempotency),
      usesNear: (names) => store.usesNear(names),
      childJob: (parentId, step) => store.childJob(parentId, step),
      childJobs: (parentId) => store.childJobs(parentId),
      listJobs: (filter) => store.listJobs(filter),
      tableProgress: (jobId) => store.tableProgress(jobId),
      tasks: (jobId, kind, group) => store.tasks(jobId, kind, group),
      nextRetryAt: () => store.nextRetryAt(),
      readLog: (jobId, afterSeq, limit) => store.readLog(jobId, afterSeq, limit),
      recover: (workerId) => store.recover(workerId),
      claimMail: (leaseMs) => store.claimMail(leaseMs),
      prune: (finishedBefore) => store.prune(finishedBefore),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),

      async claimTask(workerId) {
        const claimed = await store.claimTask(workerId);
        if (claimed !== null) changed(claimed.job.id);
        return claimed;
      },
      confirmLease: (lease) => store.confirmLease(lease),
      shareSnapshot: (lease, token) => store.shareSnapshot(lease, token),
      snapshotTokens: (jobId) => store.snapshotTokens(jobId),
      reportProgress: (lease, done) => telling(lease.jobId, store.reportProgress(lease, done)),
      completeTask: (lease, completion) => telling(lease.jobId, store.completeTask(lease, completion)),
      failTask: (lease, error, log) => telling(lease.jobId, store.failTask(lease, error, log)),
      retryTask: (lease, retryAt, log) => telling(lease.jobId, store.retryTask(lease, retryAt, log)),
      holdJob: (lease, until, reason, log) => telling(lease.jobId, store.holdJob(lease, until, reason, log)),
      awaitJobs: (lease, jobIds, recheckMs) =>
        telling(lease.jobId, store.awaitJobs(lease, jobIds, recheckMs)),
      releaseTask: (lease) => telling(lease.jobId, store.releaseTask(lease)),
      unclaimTask: (lease) => telling(lease.jobId, store.unclaimTask(lease)),
      failJob: (lease, error) => telling(lease.jobId, store.failJob(lease, error)),
      restartJob: (lease, reason, keep) => telling(lease.jobId, store.restartJob(lease, reason, keep)),
      appendLog: (jobId, entries) => telling(jobId, store.appendLog(jobId, entries)),
      requestStop: (jobId) => telling(jobId, store.requestStop(jobId)),
      requestResume: (jobId) => telling(jobId, store.requestResume(jobId)),
      requestCancel: (jobId) => telling(jobId, store.requestCancel(jobId)),
      settleMail: (mail, retryAt, log) => telling(mail.job.id, store.settleMail(mail, retryAt, log)),
    },
    signals: {
      subscribe(jobId, listener) {
        const group = listeners.get(jobId) ?? new Set();
        listeners.set(jobId, group.add(listener));
        return () => {
          group.delete(listener);
          if (group.size === 0 && listeners.get(jobId) === group) listeners.delete(jobId);
        };
      },
    },
  };
}
