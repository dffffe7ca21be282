import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../core/context.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { ClaimedTask, JobStore } from '../job-store.ts';
import type { Worker } from '../worker.ts';

/** Nothing is expected to be found then: it only bounds what a lost notification or a broken store costs. */
const safetyPollMs = 5_000;
/** How long interrupted tasks have to end when the process does. */
const interruptionMs = 5_000;

export interface LocalDispatcherOptions {
  readonly store: JobStore;
  readonly worker: Worker;
  /** Whose running tasks {@link Dispatcher.start} takes for left over by a process that died. */
  readonly workerId: string;
  /** Tasks running at once, over all jobs. */
  readonly maxRunning: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Hands tasks to the worker of the one process that owns the store.
 *
 *     idle      nothing to claim or no slot free; left by notify(), by the end of a task, by the timer of the next retry
 *     claiming  claims while slots are free; one loop at a time, asked to look again when notified meanwhile
 *     draining  entered by drain(), never left: claims nothing
 */
export function createLocalDispatcher(options: LocalDispatcherOptions): Dispatcher {
  const { store, worker, workerId, maxRunning, clock, log } = options;
  const running = new Set<Promise<void>>();
  /** Jobs interrupted while a claim was on its way: it may bring a task of theirs from before. */
  const interrupted = new Set<string>();
  let state: 'new' | 'idle' | 'claiming' | 'draining' = 'new';
  let lookAgain = false;
  let claiming: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    if (state === 'claiming') lookAgain = true;
    if (state !== 'idle') return;
    state = 'claiming';
    clearTimeout(timer);
    claiming = claimAll();
  };

  const claimAll = async (): Promise<void> => {
    let waitMs = safetyPollMs;
    try {
      do {
        lookAgain = false;
        await claimWhileFree();
      } while (lookAgain && isClaiming());
      const retryAt = running.size < maxRunning ? await store.nextRetryAt() : null;
      if (retryAt !== null) waitMs = Math.min(waitMs, Math.max(0, retryAt - clock.now()));
    } catch (error) {
      log.error('no tasks can be claimed; trying again', { error });
    }
    if (!isClaiming()) return;
    state = 'idle';
    if (lookAgain) look();
    else timer = setTimeout(look, waitMs);
  };

  const isClaiming = (): boolean => state === 'claiming';

  const claimWhileFree = async (): Promise<void> => {
    while (isClaiming() && running.size < maxRunning) {
      interrupted.clear();
      const claimed = await store.claimTask(workerId);
      if (claimed === null) return;
      if (interrupted.has(claimed.job.id) || !isClaiming()) await store.unclaimTask(claimed.lease);
      else run(claimed);
    }
  };

  const run = (claimed: ClaimedTask): void => {
    const ended = worker.run(claimed).finally(() => {
      running.delete(ended);
      look();
    });
    running.add(ended);
  };

  return {
    async start() {
      const recovered = await store.recover(workerId);
      if (recovered > 0) log.info('tasks of an ended process go on', { tasks: recovered });
      state = 'idle';
      look();
    },
    notify: look,
    interrupt(jobId) {
      interrupted.add(jobId);
      worker.interrupt(jobId);
      look();
    },
    async drain(graceMs) {
      state = 'draining';
      clearTimeout(timer);
      await claiming;
      await endWithin(running, graceMs);
      if (!(await worker.close(interruptionMs))) {
        log.warn('tasks do not end; the next start goes on with them', { tasks: running.size });
      }
    },
  };
}

/** Settles when all have, or after the time. */
async function endWithin(promises: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  const { promise: givenUp, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([Promise.all(promises), givenUp]);
  clearTimeout(timer);
}
