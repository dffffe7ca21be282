/** What a metric is: one entry for each, held against docs/guides/observability.md, the dashboard and the alert rules. */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence. */
  readonly help: string;
  /** Every label has few values: kinds, states and codes of our own, never names of databases, tables, users or files. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
  /** `store`: the same at every instance, since all read it from the store they share. */
  readonly of: 'process' | 'store';
}

const quick = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];
const slow = [0.1, 0.5, 2, 10, 30, 120, 600, 3600];

/** Every metric that is Pumphouse's own; those of the process (`process_*`, `nodejs_*`) are prom-client's. */
export const metricDeclarations = {
  pumphouse_build_info: {
    type: 'gauge',
    help: 'Always 1; the version of the program is the label.',
    labels: ['version'],
    of: 'process',
  },
  pumphouse_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Requests that were answered, by the template of their route; event streams are not among them.',
    labels: ['method', 'route', 'api', 'status'],
    buckets: quick,
    of: 'process',
  },
  pumphouse_event_streams: {
    type: 'gauge',
    help: 'Event streams (SSE) that are open.',
    labels: ['api'],
    of: 'process',
  },
  pumphouse_jobs_created_total: {
    type: 'counter',
    help: 'Jobs that were taken.',
    labels: ['kind', 'api'],
    of: 'process',
  },
  pumphouse_jobs_ended_total: {
    type: 'counter',
    help: 'Jobs that ended here: completed, failed or cancelled. A failed one can be resumed, and ends again.',
    labels: ['kind', 'state'],
    of: 'process',
  },
  pumphouse_job_restarts_total: {
    type: 'counter',
    help: 'Jobs that began their data again, since their snapshot was lost.',
    labels: ['kind'],
    of: 'process',
  },
  pumphouse_job_holds_total: {
    type: 'counter',
    help: 'Times that a job was held, since a database or storage did not answer.',
    labels: ['kind'],
    of: 'process',
  },
  pumphouse_tasks_running: {
    type: 'gauge',
    help: 'Tasks that run in this process.',
    labels: ['kind'],
    of: 'process',
  },
  pumphouse_task_claims_total: {
    type: 'counter',
    help: 'Tasks that this process was given.',
    labels: ['kind'],
    of: 'process',
  },
  pumphouse_task_duration_seconds: {
    type: 'histogram',
    help: 'From the claim of a task to what became of it: done, waiting, retried, held, failed, restarted, released or lost.',
    labels: ['kind', 'task', 'outcome'],
    buckets: slow,
    of: 'process',
  },
  pumphouse_task_retries_total: {
    type: 'counter',
    help: 'Tasks that failed and are tried again, by the code of the error.',
    labels: ['kind', 'code'],
    of: 'process',
  },
  pumphouse_task_failures_total: {
    type: 'counter',
    help: 'Tasks that failed for good, by the code of the error.',
    labels: ['kind', 'code'],
    of: 'process',
  },
  pumphouse_task_takeovers_total: {
    type: 'counter',
    help: 'Tickets that were given out again, since the instance that held them fell silent.',
    labels: [],
    of: 'process',
  },
  pumphouse_lease_losses_total: {
    type: 'counter',
    help: 'Tasks that were taken from this process while it ran them.',
    labels: ['kind'],
    of: 'process',
  },
  pumphouse_data_bytes_total: {
    type: 'counter',
    help: 'Bytes of rows that finished tasks read from databases or wrote to them, before compression.',
    labels: ['engine', 'direction'],
    of: 'process',
  },
  pumphouse_data_rows_total: {
    type: 'counter',
    help: 'Rows that finished tasks read from databases or wrote to them.',
    labels: ['engine', 'direction'],
    of: 'process',
  },
  pumphouse_storage_call_duration_seconds: {
    type: 'histogram',
    help: 'Calls at storages, each try by itself, without the time that they waited for their bytes to come or to be taken.',
    labels: ['scheme', 'operation', 'outcome'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    of: 'process',
  },
  pumphouse_storage_bytes_total: {
    type: 'counter',
    help: 'Bytes that were sent to storages and received from them, tries that failed included.',
    labels: ['scheme', 'direction'],
    of: 'process',
  },
  pumphouse_storage_retries_total: {
    type: 'counter',
    help: 'Calls at storages that failed and were tried again.',
    labels: ['scheme', 'operation'],
    of: 'process',
  },
  pumphouse_store_verb_duration_seconds: {
    type: 'histogram',
    help: 'Transactions of the store, each with what it waited for.',
    labels: ['verb'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
    of: 'process',
  },
  pumphouse_store_failures_total: {
    type: 'counter',
    help: 'Transactions of the store that failed, by the kind of the error; refusals are not among them.',
    labels: ['verb', 'kind'],
    of: 'process',
  },
  pumphouse_events_total: {
    type: 'counter',
    help: 'Events that this process wrote down (backup.damaged and the like).',
    labels: ['type'],
    of: 'process',
  },
  pumphouse_ticket_wait_seconds: {
    type: 'histogram',
    help: 'From the offer of a ticket to the instance that got it; only where a store is shared.',
    labels: [],
    buckets: [0.01, 0.05, 0.2, 1, 5, 30, 300],
    of: 'process',
  },
  pumphouse_store_up: {
    type: 'gauge',
    help: '1 where the store answered this scrape; without it the metrics of the store are absent.',
    labels: [],
    of: 'process',
  },
  pumphouse_jobs: {
    type: 'gauge',
    help: 'Jobs that are not at rest, by kind and state.',
    labels: ['kind', 'state'],
    of: 'store',
  },
  pumphouse_oldest_queued_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest queued job has waited; 0: none is queued.',
    labels: [],
    of: 'store',
  },
  pumphouse_jobs_held: {
    type: 'gauge',
    help: 'Jobs that wait for a database or storage that does not answer.',
    labels: [],
    of: 'store',
  },
  pumphouse_tasks_unfinished: {
    type: 'gauge',
    help: 'Tasks of jobs that are not at rest: those that run, and those that are still to run.',
    labels: [],
    of: 'store',
  },
  pumphouse_mails_waiting: {
    type: 'gauge',
    help: 'Mails about ended jobs that are to be sent.',
    labels: [],
    of: 'store',
  },
  pumphouse_events_waiting: {
    type: 'gauge',
    help: 'Events that are to be delivered.',
    labels: [],
    of: 'store',
  },
  pumphouse_scheduler_lag_seconds: {
    type: 'gauge',
    help: 'For how long the oldest time of a schedule has been due without a job; 0: none is.',
    labels: [],
    of: 'store',
  },
  pumphouse_instances: {
    type: 'gauge',
    help: 'Instances that share the store and reported within the last ten seconds; 1 on an embedded store.',
    labels: [],
    of: 'store',
  },
  pumphouse_tickets: {
    type: 'gauge',
    help: 'Tickets in the queue, waiting (for an instance), delayed (until a time) or held (by an instance); only where a store is shared.',
    labels: ['state'],
    of: 'store',
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;
