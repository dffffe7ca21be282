import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import { eventTypes } from '../core/event.ts';
import type { JobKind } from '../core/job.ts';
import { type Exposition, type Metrics, noMetrics } from '../core/metrics.ts';
import type { StorageObserver } from '../core/storage-observer.ts';
import type { EventStore } from '../jobs/event-store.ts';
import type { JobHandler } from '../jobs/handler.ts';
import type { InstanceStore } from '../jobs/instance-store.ts';
import type { JobCensus } from '../jobs/job-census.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { TicketedJobs } from '../jobs/tickets.ts';
import { createExposition } from './exposition.ts';
import { allListeners, createObservedJobs } from './observed-jobs.ts';
import { createStorageMetrics } from './storage-metrics.ts';
import { createStoreGauges, type StoreFigures } from './store-gauges.ts';
import { createTaskMetrics, type EngineOf } from './task-metrics.ts';
import { timedVerbs } from './timed-verbs.ts';
import { openTracing } from './tracing/open-tracing.ts';
import type { TracingSettings } from './tracing/tracing-settings.ts';

/** An instance that has not reported for so long is not counted: by the store's clock. */
const silentMs = 10_000;

/** The parts of a store that are looked at; all its other parts have their verbs timed. */
export interface ObservableStore {
  readonly jobs: JobStore;
  readonly census: JobCensus;
  readonly events: EventStore;
}

export interface ObservationParts {
  /** Whether there are metrics. */
  readonly metrics: boolean;
  /** Null: there are no traces. */
  readonly tracing: TracingSettings | null;
  readonly version: string;
  /** Id of this process. */
  readonly instance: string;
  readonly engineOf: EngineOf;
  /** Those who share the store, and what waits in its queue; null: nobody shares it. */
  readonly sharing: {
    readonly instances: Pick<InstanceStore, 'listInstances'>;
    readonly countTickets: () => Promise<NonNullable<StoreFigures['tickets']>>;
  } | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A service that is watched: everything that it does with jobs, stores and storages goes through these. */
export interface Observation<Store> {
  /** To be used in the place of the store. */
  readonly store: Store;
  /** The same for the tickets of a shared one. */
  tickets(tickets: TicketedJobs): TicketedJobs;
  /** To be used in the place of the handlers. */
  handlers(handlers: readonly JobHandler[]): readonly JobHandler[];
  readonly metrics: Metrics;
  readonly storage: StorageObserver;
  /** Null: there are no metrics. */
  readonly expose: Exposition | null;
  /** Absent: there are no traces. */
  readonly inTrace?: (traceparent: string | undefined, next: () => void) => void;
  /** Sends the spans that are left, for at most so long. Never rejects. */
  close(patienceMs: number): Promise<void>;
}

/** Puts metrics and traces around a service's store, handlers and storages. What is off costs nothing. */
export async function observeService<Store extends ObservableStore>(
  store: Store,
  parts: ObservationParts,
): Promise<Observation<Store>> {
  const { clock, log, version, instance } = parts;
  // Neither prom-client nor OpenTelemetry is loaded by commands, which are not watched.
  const registry = parts.metrics ? (await import('./metrics.ts')).createMetricRegistry() : null;
  const metrics = registry ?? noMetrics;
  const tracing =
    parts.tracing === null
      ? null
      : await openTracing(parts.tracing, { jobs: store.jobs, census: store.census, instance, version, log });
  const observed = createObservedJobs(
    allListeners([
      ...(registry === null ? [] : [createTaskMetrics(registry, parts.engineOf)]),
      ...(tracing === null ? [] : [tracing.listener]),
    ]),
    clock,
  );
  const timed: Store = registry === null ? store : timedStore(store, registry);
  const watched: Store = {
    ...timed,
    jobs: observed.observe(timed.jobs),
    events: countedEvents(timed.events, metrics),
  };
  registry?.set('pumphouse_build_info', [{ labels: { version }, value: 1 }]);
  const expose =
    registry === null
      ? null
      : createExposition(
          registry,
          createStoreGauges({ metrics: registry, read: () => figuresOf(store, parts), clock, log }),
        );

  return {
    store: parts.metrics || tracing !== null ? watched : store,
    tickets: (tickets) =>
      observed.observeTickets(registry === null ? tickets : timedVerbs('tickets', tickets, registry)),
    handlers(handlers) {
      beginCounters(
        metrics,
        handlers.map(({ kind }) => kind),
      );
      if (registry === null && tracing === null) return handlers;
      return observed.observeHandlers(tracing?.handlers(handlers) ?? handlers);
    },
    metrics,
    storage: bothObservers(createStorageMetrics(metrics), tracing?.storage ?? null),
    expose,
    ...(tracing === null ? {} : { inTrace: tracing.inTrace }),
    close: async (patienceMs) => tracing?.close(patienceMs),
  };
}

const countedEvents = (events: EventStore, metrics: Metrics): EventStore => ({
  ...events,
  async addEvent(event, options) {
    const added = await events.addEvent(event, options);
    metrics.count('pumphouse_events_total', { type: event.type });
    return added;
  },
});

/** A counter that appears with its first event has never grown, as `increase` sees it: those that alerts ask for are there from the start. */
function beginCounters(metrics: Metrics, kinds: readonly JobKind[]): void {
  for (const type of eventTypes) metrics.count('pumphouse_events_total', { type }, 0);
  for (const kind of kinds) {
    for (const state of ['completed', 'failed', 'cancelled'])
      metrics.count('pumphouse_jobs_ended_total', { kind, state }, 0);
    metrics.count('pumphouse_job_restarts_total', { kind }, 0);
    metrics.count('pumphouse_job_holds_total', { kind }, 0);
    metrics.count('pumphouse_lease_losses_total', { kind }, 0);
  }
}

/** Each part of the store is an object of verbs; what is no object (its `close`) stays. */
function timedStore<Store extends ObservableStore>(store: Store, metrics: Metrics): Store {
  const parts = Object.entries(store).map(([name, part]: [string, unknown]) => [
    name,
    typeof part === 'object' && part !== null ? timedVerbs(name, part, metrics) : part,
  ]);
  return { ...store, ...Object.fromEntries(parts) };
}

async function figuresOf({ census }: ObservableStore, { sharing }: ObservationParts): Promise<StoreFigures> {
  if (sharing === null) return { ...(await census.figures()), instances: 1, tickets: null };
  const [figures, listed, tickets] = await Promise.all([
    census.figures(),
    sharing.instances.listInstances(),
    sharing.countTickets(),
  ]);
  // The newest report is as good as now, by the clock that wrote it.
  const newest = Math.max(...listed.map(({ seenAt }) => seenAt));
  const instances = listed.filter(({ seenAt }) => newest - seenAt <= silentMs).length;
  return { ...figures, instances, tickets };
}

function bothObservers(one: StorageObserver, other: StorageObserver | null): StorageObserver {
  if (other === null) return one;
  return {
    begin(call) {
      const ends = [one.begin(call), other.begin(call)];
      return (end) => {
        for (const tell of ends) tell(end);
      };
    },
    retried(call) {
      one.retried(call);
      other.retried(call);
    },
  };
}
