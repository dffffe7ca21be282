import type { Clock } from '../base/clock.ts';
import { createRecurringWork, type RecurringWork } from '../base/recurring-work.ts';
import { createRepeats } from '../base/repeats.ts';
import type { RetryPolicy } from '../base/retry.ts';
import type { Logger } from '../core/context.ts';
import { toAppError } from '../core/errors.ts';
import type { DueDelivery, EventStore } from '../jobs/event-store.ts';
import type { EventChannel } from './event-channel.ts';

/** About seven hours, with the last tries an hour apart: a receiver that is down for a night shift is still told in the morning. */
const defaultRetry: RetryPolicy = { attempts: 16, firstDelayMs: 5_000, maxDelayMs: 3_600_000 };
/** Longer than all channels of one event can take. */
const leaseMs = 5 * 60_000;
const pollMs = 3_000;

export interface EventDispatchOptions {
  readonly store: Pick<EventStore, 'claimDelivery' | 'settleDelivery'>;
  readonly channels: readonly EventChannel[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly retry?: RetryPolicy;
  /** How often to look for due events. */
  readonly everyMs?: number;
}

/**
 * Sends events on their channels. An event is due from the moment that it is written, and until every channel has taken it or the tries are
 * used up: each arrives at least once, and perhaps twice when the process dies at the wrong moment.
 */
export type EventDispatch = RecurringWork;

export function createEventDispatch(options: EventDispatchOptions): EventDispatch {
  const { store, channels, clock, log, retry = defaultRetry, everyMs = pollMs } = options;
  const isNews = createRepeats();

  async function sendAll(stopped: AbortSignal): Promise<void> {
    try {
      for (;;) {
        if (stopped.aborted) return;
        const due = await store.claimDelivery(leaseMs);
        if (due === null) return;
        await sendOne(due, stopped);
      }
    } catch (error) {
      log[isNews(toAppError(error).message) ? 'error' : 'debug']('events cannot be sent; trying again', {
        error,
      });
    }
  }

  async function sendOne(due: DueDelivery, stopped: AbortSignal): Promise<void> {
    const { event, attempt } = due;
    const has = new Set(due.taken);
    const missing = channels.filter(({ name, takes }) => takes(event.type) && !has.has(name));
    const failures = (await Promise.all(missing.map((channel) => sendOn(channel, due, has, stopped)))).filter(
      (delay) => delay !== null,
    );
    const isLast = attempt >= retry.attempts && !stopped.aborted;
    const settled = { ...due, taken: [...has] };
    if (failures.length === 0 || isLast) return store.settleDelivery(settled, null);
    await store.settleDelivery(settled, clock.now() + (stopped.aborted ? 0 : Math.max(...failures)));
  }

  /** How long to wait before another try; null: none is needed. */
  async function sendOn(
    channel: EventChannel,
    due: DueDelivery,
    has: Set<string>,
    stopped: AbortSignal,
  ): Promise<number | null> {
    const { event, attempt } = due;
    try {
      await channel.send(event, stopped);
      has.add(channel.name);
      return null;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (stopped.aborted) return 0;
      const asked = error.context.retryAfterMs;
      const doubled = retry.firstDelayMs * 2 ** (attempt - 1);
      const delayMs = Math.min(Math.max(doubled, typeof asked === 'number' ? asked : 0), retry.maxDelayMs);
      const facts = { channel: channel.name, event: event.seq, type: event.type, attempt, error };
      if (attempt >= retry.attempts) log.error('an event was not sent, and is not tried again', facts);
      else log.warn('an event was not sent', { ...facts, delayMs });
      return delayMs;
    }
  }

  return createRecurringWork(sendAll, everyMs);
}
