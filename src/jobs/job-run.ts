import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { OutageWatch } from './outage.ts';
import { createSharedResources, type SharedResources } from './shared-resources.ts';

/** After this long an interrupted task is reported: handlers promise to react within a second. */
const slowInterruptionMs = 10_000;

/**
 * What one job does in this process: its running tasks and what they share.
 *
 *     open     tasks start and share resources
 *     closing  entered by close(): running tasks are interrupted, new ones wait; then shared resources are disposed,
 *              newest first; then open again
 */
export interface JobRun {
  readonly shared: SharedResources;
  readonly outages: OutageWatch;
  /** The job as it was when the newest task was claimed that began since the run was opened; null: none did. */
  newest(): Job | null;
  /** Tokens by which other processes can join the snapshot that this run holds, while it holds it. */
  readonly tokens: Set<string>;
  /** Settles when the run is not closing. */
  opened(): Promise<void>;
  /** Counts the work, of a task that was claimed with this job, as a running task until it ends. The signal is aborted when the run closes. */
  task(job: Job, work: (task: RunningTask) => Promise<void>): Promise<void>;
  /**
   * Interrupts all running tasks but `except`, waits for them, disposes shared resources, then does `last` before new tasks may start.
   * If the run is closing already, only waits for that; a task that runs (`except`) is itself waited for then, and returns at once.
   */
  close(except?: RunningTask, last?: () => Promise<void>): Promise<void>;
  isClosing(): boolean;
  /** No task runs and nothing closes. */
  isIdle(): boolean;
}

/** One task's presence in a run. */
export interface RunningTask {
  readonly signal: AbortSignal;
  interrupt(reason: AppError): void;
}

export function createJobRun(jobId: string, outages: OutageWatch, log: Logger): JobRun {
  const tokens = new Set<string>();
  let newest: Job | null = null;
  const shared = createSharedResources(log);
  const running = new Map<RunningTask, Promise<void>>();
  let closing: Promise<void> | undefined;

  const closeAll = async (except?: RunningTask, last?: () => Promise<void>): Promise<void> => {
    const others = [...running].filter(([task]) => task !== except);
    const reason = new AppError('aborted', { message: 'The work was interrupted.' });
    for (const [task] of others) task.interrupt(reason);
    const slow = setTimeout(() => {
      log.warn('interrupted tasks do not end', { job: jobId, tasks: others.length });
    }, slowInterruptionMs);
    await Promise.allSettled(others.map(([, ended]) => ended));
    clearTimeout(slow);
    await shared.dispose();
    tokens.clear();
    newest = null;
    await last?.();
  };

  return {
    shared,
    outages,
    newest: () => newest,
    tokens,
    async opened() {
      while (closing !== undefined) await closing.catch(() => undefined);
    },
    async task(claimedJob, work) {
      if (newest === null || claimedJob.version > newest.version) newest = claimedJob;
      const controller = new AbortController();
      const task: RunningTask = {
        signal: controller.signal,
        interrupt: (reason) => controller.abort(reason),
      };
      const ended = work(task).finally(() => running.delete(task));
      running.set(task, ended);
      await ended;
    },
    async close(except, last) {
      if (closing !== undefined) {
        if (except === undefined) await closing.catch(() => undefined);
        return;
      }
      closing = closeAll(except, last).finally(() => {
        closing = undefined;
      });
      await closing;
    },
    isClosing: () => closing !== undefined,
    isIdle: () => running.size === 0 && closing === undefined,
  };
}
