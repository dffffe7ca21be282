import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '../../core/context.ts';
import { toAppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { StorageObserver } from '../../core/storage-observer.ts';
import type { JobHandler } from '../../jobs/handler.ts';
import type { JobCensus } from '../../jobs/job-census.ts';
import type { JobStore } from '../../jobs/job-store.ts';
import type { EndedTask, TaskListener } from '../task-listener.ts';
import {
  type EndedSpan,
  placeOfJob,
  placeOfTable,
  placeOfTask,
  type SpanPlace,
  type SpanSink,
} from './span.ts';
import { parseTraceparent } from './traceparent.ts';

export interface JobTraceParts {
  readonly sink: SpanSink;
  readonly jobs: Pick<JobStore, 'getJob'>;
  readonly census: Pick<JobCensus, 'groupStartedAt'>;
  /** Of this process. */
  readonly instance: string;
  readonly log: Logger;
}

/**
 * Makes the spans of a job:
 *
 *     job                    from the request to its end, by the process that ended it
 *       accept               linked to the request's own trace (traceparent)
 *       task                 plan, finish and the like: by the process that ran it
 *       table                from its first unit to its last, by the process that ended that
 *         unit               a task with data, by the process that ran it
 *           storage call     each try by itself
 */
export interface JobTraces {
  readonly listener: TaskListener;
  readonly storage: StorageObserver;
  /** The handlers, whose storage calls find their task. */
  handlers(handlers: readonly JobHandler[]): readonly JobHandler[];
  /** Runs what answers a request, so that a job which it makes knows where it came from. */
  inTrace(traceparent: string | undefined, next: () => void): void;
  /** Settles when every span that has ended was made. */
  settled(): Promise<void>;
}

const dataPrefix = 'data:';

export function createJobTraces({ sink, jobs, census, instance, log }: JobTraceParts): JobTraces {
  /** The span that what runs now belongs to. */
  const tasks = new AsyncLocalStorage<SpanPlace>();
  /** The span of the caller whose request is answered now. */
  const callers = new AsyncLocalStorage<SpanPlace>();
  /** Codes of errors that handlers threw, by the token of the lease. */
  const errors = new Map<string, string>();
  const pending = new Set<Promise<void>>();

  /** Spans that take a look at the store: what fails there costs a span, and nothing else. */
  const later = (make: () => Promise<void>): void => {
    const made = make()
      .catch((error: unknown) => log.debug('a span is lost', { error }))
      .finally(() => pending.delete(made));
    pending.add(made);
  };

  const emitTask = (task: EndedTask): void => {
    const { job, task: spec, lease } = task.claimed;
    const table = spec.group.startsWith(dataPrefix) ? spec.group.slice(dataPrefix.length) : null;
    const parent = table === null ? placeOfJob(job.id) : placeOfTable(job.id, job.restarts, spec.group);
    // Somebody interrupted it: what it threw then is no fault.
    const error = task.end === 'released' ? null : (task.error ?? errors.get(lease.token) ?? null);
    errors.delete(lease.token);
    sink.emit({
      ...placeOfTask(job.id, lease.token),
      parentId: parent.spanId,
      name: table === null ? `task ${spec.kind}` : `unit ${spec.kind}`,
      kind: 'consumer',
      startedAt: task.startedAt,
      endedAt: task.endedAt,
      attributes: {
        ...ofJob(job),
        'pumphouse.instance': instance,
        'pumphouse.task.key': spec.key,
        'pumphouse.task.kind': spec.kind,
        'pumphouse.task.attempt': lease.attempt,
        'pumphouse.task.claims': task.claimed.claims,
        'pumphouse.task.outcome': task.end,
        ...(table === null ? {} : { 'pumphouse.table': table }),
        ...figures(task.completion?.done),
      },
      error,
      links: [],
    });
  };

  const emitTable = async (task: EndedTask, group: string): Promise<void> => {
    const { job } = task.claimed;
    const startedAt = (await census.groupStartedAt(job.id, group)) ?? task.startedAt;
    sink.emit({
      ...placeOfTable(job.id, job.restarts, group),
      parentId: placeOfJob(job.id).spanId,
      name: 'table',
      kind: 'internal',
      startedAt: Math.min(startedAt, task.startedAt),
      endedAt: task.endedAt,
      attributes: { ...ofJob(job), 'pumphouse.table': group.slice(dataPrefix.length) },
      error: task.end === 'failed' ? task.error : null,
      links: [],
    });
  };

  const emitJob = async (id: string): Promise<void> => {
    const job = await jobs.getJob(id);
    if (job === null || job.finishedAt === null) return;
    const { progress, error, restarts, threads, errorCount } = job;
    sink.emit({
      ...placeOfJob(id),
      parentId: null,
      name: `job ${job.kind}`,
      kind: 'internal',
      startedAt: job.createdAt,
      endedAt: job.finishedAt,
      attributes: {
        ...ofJob(job),
        'pumphouse.job.state': job.state,
        'pumphouse.job.restarts': restarts,
        'pumphouse.job.threads': threads,
        'pumphouse.job.errors': errorCount,
        'pumphouse.job.units': progress.unitsDone,
        ...figures({ bytes: progress.bytesDone, rows: progress.rowsDone }),
      },
      error: error?.code ?? null,
      links: linksOf(job),
    });
  };

  return {
    listener: {
      created(job) {
        const caller = callers.getStore();
        sink.emit({
          traceId: placeOfJob(job.id).traceId,
          spanId: placeOfTask(job.id, 'accept').spanId,
          parentId: placeOfJob(job.id).spanId,
          name: 'accept',
          kind: 'producer',
          startedAt: job.createdAt,
          endedAt: job.createdAt,
          attributes: { ...ofJob(job), 'pumphouse.instance': instance },
          error: null,
          links: [...linksOf(job), ...(caller === undefined ? [] : [caller])],
        });
      },
      ended(task) {
        emitTask(task);
        for (const group of task.effect?.finishedGroups ?? []) {
          if (group.startsWith(dataPrefix)) later(() => emitTable(task, group));
        }
      },
      jobEnded: ({ id }) => later(() => emitJob(id)),
    },
    storage: {
      begin({ scheme, operation, name }) {
        const parent = tasks.getStore();
        if (parent === undefined) return () => undefined;
        const startedAt = Date.now();
        const started = performance.now();
        return ({ bytes, idleMs, error }) =>
          sink.emit({
            ...placeOfTask(parent.spanId, `${operation} ${name} ${started}`),
            traceId: parent.traceId,
            parentId: parent.spanId,
            name: `storage ${operation}`,
            kind: 'client',
            startedAt,
            endedAt: startedAt + performance.now() - started,
            attributes: {
              'pumphouse.storage.scheme': scheme,
              'pumphouse.storage.idle_ms': Math.round(idleMs),
              ...(name === '' ? {} : { 'pumphouse.file': name }),
              ...(bytes === 0 ? {} : { 'pumphouse.bytes': bytes }),
            },
            error: error?.code ?? null,
            links: [],
          });
      },
      retried: () => undefined,
    },
    handlers: (handlers) =>
      handlers.map((handler) => ({
        ...handler,
        run: async (claimed, context) => {
          const { lease } = claimed;
          try {
            return await tasks.run(placeOfTask(lease.jobId, lease.token), () =>
              handler.run(claimed, context),
            );
          } catch (error) {
            errors.set(lease.token, toAppError(error).code);
            throw error;
          }
        },
      })),
    inTrace(traceparent, next) {
      const caller = parseTraceparent(traceparent);
      if (caller === null) next();
      else callers.run(caller, next);
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

const ofJob = ({ id, kind, database, api }: Job): EndedSpan['attributes'] => ({
  'pumphouse.job.id': id,
  'pumphouse.job.kind': kind,
  'pumphouse.api': api,
  ...(database === '' ? {} : { 'pumphouse.database': database }),
});

const figures = (
  done: { readonly bytes: number; readonly rows: number } | undefined,
): EndedSpan['attributes'] =>
  done === undefined ? {} : { 'pumphouse.bytes': done.bytes, 'pumphouse.rows': done.rows };

/** A job that a job started has a trace of its own. */
const linksOf = ({ parent }: Job): readonly SpanPlace[] =>
  parent === null ? [] : [placeOfJob(parent.jobId)];
