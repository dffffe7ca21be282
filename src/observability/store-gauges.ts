import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import type { PlainGaugeName } from '../core/metrics.ts';
import type { JobFigures } from '../jobs/job-census.ts';
import type { MetricRegistry } from './metrics.ts';

/** How long figures of the store are shown before they are counted again: several scrapers cost no more than one. */
const freshMs = 5_000;
/** A scrape does not wait longer for the store: it tells that the store does not answer. */
const patienceMs = 4_000;

/** What a store tells of itself at a scrape. */
export interface StoreFigures extends JobFigures {
  readonly instances: number;
  /** By state; null: there is no queue. */
  readonly tickets: Readonly<Record<'waiting' | 'delayed' | 'held', number>> | null;
}

export interface StoreGaugeParts {
  readonly metrics: MetricRegistry;
  readonly read: () => Promise<StoreFigures>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Brings the gauges of the store up to date, at most once in a few seconds. Never rejects: without an answer they are absent, and `pumphouse_store_up` is 0. */
export function createStoreGauges({ metrics, read, clock, log }: StoreGaugeParts): () => Promise<void> {
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const refresh = async (): Promise<void> => {
    try {
      const figures = await withinPatience(read());
      show(metrics, figures);
      readAt = clock.now();
    } catch (error) {
      log.warn('the store gives no figures for the metrics', { error });
      show(metrics, null);
    }
  };

  return async () => {
    if (clock.now() - readAt < freshMs) return;
    reading ??= refresh().finally(() => {
      reading = null;
    });
    await reading;
  };
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function show(metrics: MetricRegistry, figures: StoreFigures | null): void {
  const set = (name: PlainGaugeName, value: number | undefined): void =>
    metrics.set(name, value === undefined ? [] : [{ labels: {}, value }]);
  const age = (since: number | null): number =>
    since === null || figures === null ? 0 : Math.max(0, figures.at - since) / 1000;

  set('pumphouse_store_up', figures === null ? 0 : 1);
  metrics.set(
    'pumphouse_jobs',
    (figures?.jobs ?? []).map(({ count: value, ...labels }) => ({ labels, value })),
  );
  set('pumphouse_oldest_queued_age_seconds', figures === null ? undefined : age(figures.oldestQueuedAt));
  set('pumphouse_scheduler_lag_seconds', figures === null ? undefined : age(figures.oldestDueAt));
  set('pumphouse_jobs_held', figures?.held);
  set('pumphouse_tasks_unfinished', figures?.unfinishedTasks);
  set('pumphouse_mails_waiting', figures?.mailsWaiting);
  set('pumphouse_events_waiting', figures?.eventsWaiting);
  set('pumphouse_instances', figures?.instances);
  metrics.set(
    'pumphouse_tickets',
    Object.entries(figures?.tickets ?? {}).map(([state, value]) => ({ labels: { state }, value })),
  );
}
