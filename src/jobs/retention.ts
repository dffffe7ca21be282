import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import type { EventStore } from './event-store.ts';
import type { JobStore } from './job-store.ts';

const hourMs = 60 * 60 * 1000;

export interface RetentionOptions {
  readonly store: JobStore;
  readonly events: Pick<EventStore, 'pruneEvents'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long jobs at rest are kept after they finished, and events. */
  readonly keepMs: number;
  /** How often to look; an hour by default. */
  readonly everyMs?: number;
}

/** Removes finished jobs, with their tasks and logs, and events once they are old enough. */
export interface Retention {
  /** Looks now and then again and again; does not keep the process alive. */
  start(): void;
  stop(): void;
}

export function createRetention({
  store,
  events,
  clock,
  log,
  keepMs,
  everyMs = hourMs,
}: RetentionOptions): Retention {
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const before = clock.now() - keepMs;
      const removed = await store.prune(before);
      if (removed.length > 0) log.info('old jobs removed', { jobs: removed.length });
      await events.pruneEvents(before);
    } catch (error) {
      log.error('old jobs and events could not be removed', { error });
    } finally {
      looking = false;
    }
  };
  return {
    start() {
      void look();
      timer ??= setInterval(() => void look(), everyMs).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
