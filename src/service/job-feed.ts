import { setTimeout as sleep } from 'node:timers/promises';
import { isResting, type Job, type JobLogEntry } from '../core/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { JobSignals } from './job-signals.ts';

/** Changes are looked at most this often. */
const leastPauseMs = 200;
/** How often to look for changes that nobody signals: those of other processes. */
const pollMs = 1000;
/** Log entries kept in memory for watchers that keep up; the others read the store. */
const keptEntries = 500;
/** Log entries read at once. */
const pageEntries = 500;

/** What is read of the store. */
export type WatchedStore = Pick<JobStore, 'getJob' | 'readLog'>;

/** What a job looked like when the store was last asked. */
export interface JobLook {
  /** Null: there is no such job any more. */
  readonly job: Job | null;
  /** The newest log entries: all that came after `keptAfter`, and at least all that `job` implies. */
  readonly kept: readonly JobLogEntry[];
  readonly keptAfter: number;
  /** Settles when there is a newer look, or none will come. */
  readonly next: Promise<void>;
}

/** What all watchers of one job share: one look at the store serves them all. */
export interface JobFeed {
  /** The newest look; the first call waits for the first one. Rejects when the store failed. */
  look(): Promise<JobLook>;
  /** Log entries after `seq` up to the end of `look`, in order. */
  entries(look: JobLook, seq: number): AsyncIterable<JobLogEntry>;
  /** No watcher is left: look no more. */
  stop(): void;
}

/**
 * Looks at the job on every signal and once in a while, until it rests, is gone, or `stop` is called; then calls `ended`.
 * @param afterSeq no watcher so far wants older log entries
 */
export function openJobFeed(
  store: WatchedStore,
  signals: JobSignals | undefined,
  jobId: string,
  afterSeq: number,
  ended: () => void,
): JobFeed {
  const stopping = new AbortController();
  let wake = Promise.withResolvers<void>();
  const unsubscribe = signals?.subscribe(jobId, () => wake.resolve());

  let kept: readonly JobLogEntry[] = [];
  let keptAfter = afterSeq;
  let current: Promise<JobLook>;
  let news = Promise.withResolvers<void>();

  /** Reads the job before its log: what the job says has happened is then in the log already. */
  async function ask(): Promise<JobLook> {
    const job = await store.getJob(jobId);
    for (;;) {
      const page = await store.readLog(jobId, kept.at(-1)?.seq ?? keptAfter, pageEntries);
      if (page.length > 0) {
        const all = [...kept, ...page];
        keptAfter = all.at(-keptEntries - 1)?.seq ?? keptAfter;
        kept = all.slice(-keptEntries);
      }
      if (page.length < pageEntries) return { job, kept, keptAfter, next: news.promise };
    }
  }

  async function run(): Promise<void> {
    let last = await current;
    while (last.job !== null && !isResting(last.job.state) && !stopping.signal.aborted) {
      await pause(wake.promise, stopping.signal);
      wake = Promise.withResolvers();
      const seen = news;
      news = Promise.withResolvers();
      const looked = await ask();
      if (looked.job?.version === last.job.version && looked.kept.at(-1) === last.kept.at(-1)) {
        news = seen;
        continue;
      }
      last = looked;
      current = Promise.resolve(looked);
      seen.resolve();
    }
  }

  current = ask();
  void run()
    .catch((error: unknown) => {
      current = Promise.reject(error);
      // Every watcher takes the rejection when it looks; without one it concerns nobody.
      current.catch(() => undefined);
    })
    .finally(() => {
      unsubscribe?.();
      ended();
      news.resolve();
    });

  return {
    look: () => current,
    async *entries(look, seq) {
      let position = seq;
      while (position < look.keptAfter) {
        const page = await store.readLog(jobId, position, pageEntries);
        yield* page;
        const end = page.at(-1);
        if (end === undefined) return;
        position = end.seq;
      }
      yield* look.kept.filter((entry) => entry.seq > position);
    },
    stop: () => stopping.abort(),
  };
}

/** Until woken or the next poll, but never less than the least pause; at once on `stop`. */
async function pause(woken: Promise<void>, stop: AbortSignal): Promise<void> {
  const timers = new AbortController();
  const signal = AbortSignal.any([stop, timers.signal]);
  const after = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);
  await after(leastPauseMs);
  await Promise.race([woken, after(pollMs - leastPauseMs)]);
  timers.abort();
}
