import { isResting, type Job, type JobLogEntry } from '../core/job.ts';
import { type JobFeed, openJobFeed, type WatchedStore } from './job-feed.ts';
import type { JobSignals } from './job-signals.ts';

/** What a watcher is told. */
export type JobNews = { readonly log: JobLogEntry } | { readonly job: Job };

/** Watches a job; see Service.watchJob. The caller has been authorised. Ends when the job is gone, and when `signal` is aborted. */
export type WatchJob = (jobId: string, afterSeq: number, signal: AbortSignal) => AsyncIterable<JobNews>;

interface Shared {
  readonly feed: JobFeed;
  watchers: number;
}

/** Watchers of the jobs of one store. Whatever their number, each change of a job is looked up once. */
export function createJobWatch(store: WatchedStore, signals: JobSignals | undefined): WatchJob {
  const open = new Map<string, Shared>();

  function join(jobId: string, afterSeq: number): Shared {
    let shared = open.get(jobId);
    if (shared === undefined) {
      const opened: Shared = {
        feed: openJobFeed(store, signals, jobId, afterSeq, () => {
          if (open.get(jobId) === opened) open.delete(jobId);
        }),
        watchers: 0,
      };
      open.set(jobId, opened);
      shared = opened;
    }
    shared.watchers += 1;
    return shared;
  }

  function leave(jobId: string, shared: Shared): void {
    shared.watchers -= 1;
    if (shared.watchers > 0) return;
    if (open.get(jobId) === shared) open.delete(jobId);
    shared.feed.stop();
  }

  return async function* watch(jobId, afterSeq, signal) {
    const aborted = abortOf(signal);
    const shared = join(jobId, afterSeq);
    try {
      let seq = afterSeq;
      let told: Job | null = null;
      while (!signal.aborted) {
        const look = await shared.feed.look();
        if (look.job === null) return;
        for await (const entry of shared.feed.entries(look, seq)) {
          if (signal.aborted) return;
          seq = entry.seq;
          yield { log: entry };
        }
        if (told?.version !== look.job.version) {
          told = look.job;
          yield { job: look.job };
        }
        if (isResting(look.job.state)) return;
        await Promise.race([look.next, aborted.promise]);
      }
    } finally {
      aborted.forget();
      leave(jobId, shared);
    }
  };
}

/** A promise that settles on abort, and a way to take the listener off again. */
function abortOf(signal: AbortSignal): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = (): void => resolve();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', listener);
  return { promise, forget: () => signal.removeEventListener('abort', listener) };
}
