import type { PgBoss } from 'pg-boss';
import { createRecurringWork } from '../../base/recurring-work.ts';
import type { Logger } from '../../core/context.ts';
import { reasonOf } from '../answer-streak.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { Instance, InstanceStore } from '../instance-store.ts';
import { createInstanceWatch } from '../instance-watch.ts';
import type { JobNotices } from '../job-notices.ts';
import type { JobStore } from '../job-store.ts';
import type { TicketedJobs } from '../tickets.ts';
import type { Worker } from '../worker.ts';
import { createPgBossDispatcher } from './dispatcher.ts';
import { sweepHomeQueues } from './home-queues.ts';
import { homeQueue } from './ticket-queue.ts';

const housekeepingMs = 60 * 60 * 1000;

export interface SharedDispatcherOptions {
  readonly boss: PgBoss;
  readonly instance: Pick<Instance, 'id' | 'name' | 'version'>;
  readonly instances: InstanceStore;
  readonly tickets: TicketedJobs;
  readonly notices: JobNotices;
  readonly store: Pick<JobStore, 'unclaimTask'>;
  readonly worker: Worker;
  readonly maxRunning: number;
  readonly log: Logger;
  readonly steadyMs?: number;
}

export interface SharedDispatcher extends Dispatcher {
  /** Where this instance answers, for the others to see. */
  answersAt(url: string): void;
}

/** An instance among others: it takes tickets, is heard of, hears of the others, and leaves in order. */
export function createSharedDispatcher(options: SharedDispatcherOptions): SharedDispatcher {
  const { boss, instance, instances, tickets, notices, store, worker, maxRunning, log } = options;
  const dispatcher = createPgBossDispatcher({
    boss,
    jobs: tickets,
    store,
    worker,
    instance: instance.id,
    hasOthers: async () => (await instances.listInstances()).some(({ id }) => id !== instance.id),
    maxRunning,
    log,
    ...(options.steadyMs === undefined ? {} : { steadyMs: options.steadyMs }),
  });
  const watch = createInstanceWatch({
    instance,
    instances,
    jobs: tickets,
    notices,
    openJobs: worker.openJobs,
    told: dispatcher.told,
    gone: worker.gone,
    log,
  });
  /** What one of all instances does: the oldest. */
  const housekeeping = createRecurringWork(async () => {
    try {
      const others = await instances.listInstances();
      if (
        others.some((other) =>
          isOlder(
            other,
            others.find(({ id }) => id === instance.id),
          ),
        )
      )
        return;
      await tickets.offerAll();
      await sweepHomeQueues(boss, instances);
    } catch (error) {
      log.warn('tickets that are missing could not be looked for', { reason: reasonOf(error) });
    }
  }, housekeepingMs);
  let hasStarted = false;
  return {
    async start() {
      hasStarted = true;
      // Whoever takes a ticket is known: what stays with him has a home.
      await watch.start();
      await dispatcher.start();
      housekeeping.start();
    },
    notify: dispatcher.notify,
    interrupt: dispatcher.interrupt,
    answersAt: watch.answersAt,
    async drain(graceMs) {
      await dispatcher.drain(graceMs);
      if (!hasStarted) return;
      await Promise.all([housekeeping.stop(), watch.stop()]);
      try {
        await boss.deleteQueue(homeQueue(instance.id));
      } catch (error) {
        log.warn('the queue of this instance could not be removed', { reason: reasonOf(error) });
      }
    },
  };
}

/** Whether one began before the other, or that is not there. */
const isOlder = (one: Instance, other: Instance | undefined): boolean =>
  other === undefined ||
  one.startedAt < other.startedAt ||
  (one.startedAt === other.startedAt && one.id < other.id);
