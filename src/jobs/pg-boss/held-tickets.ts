import type { PgBoss } from 'pg-boss';
import { createRecurringWork } from '../../base/recurring-work.ts';
import type { Logger } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import { reasonOf } from '../answer-streak.ts';
import type { HeldTicket } from '../tickets.ts';
import { keepTicket } from './ticket-queue.ts';

/** Four times within the time after which a ticket is given to somebody else. */
const everyMs = 2_500;

/** The tickets that this process holds; it says so again and again. */
export interface HeldTickets {
  /** From now on, until the hold is disposed. */
  hold(ticket: HeldTicket): Hold;
  start(): void;
  /** From now on none is kept: those that are still held are lost. */
  stop(): Promise<void>;
}

export interface Hold extends Disposable {
  /** Aborted with `lease-lost` once the ticket is known to be somebody else's, or nobody's. */
  readonly lost: AbortSignal;
}

export function createHeldTickets(boss: PgBoss, log: Logger): HeldTickets {
  const held = new Map<HeldTicket, AbortController>();
  const beat = async (): Promise<void> => {
    await Promise.all([...held].map(([ticket, controller]) => keep(ticket, controller)));
  };
  const keep = async (ticket: HeldTicket, controller: AbortController): Promise<void> => {
    try {
      if (!(await keepTicket(boss, ticket))) controller.abort(ticketLost(ticket));
    } catch (error) {
      // That it could not be said tells nothing about whose it is.
      log.debug('the ticket of a running task could not be kept; trying again', {
        job: ticket.jobId,
        reason: reasonOf(error),
      });
    }
  };
  const beats = createRecurringWork(beat, everyMs);
  return {
    hold(ticket) {
      const controller = new AbortController();
      held.set(ticket, controller);
      return { lost: controller.signal, [Symbol.dispose]: () => held.delete(ticket) };
    },
    start: beats.start,
    async stop() {
      await beats.stop();
      for (const [ticket, controller] of held) controller.abort(ticketLost(ticket));
    },
  };
}

const ticketLost = ({ jobId }: HeldTicket): AppError =>
  new AppError('lease-lost', {
    message: `Another instance goes on with a task of job ${jobId}: this one was not heard of for too long, or ends.`,
  });
