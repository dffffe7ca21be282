import { EventEmitter, once } from 'node:events';
import { systemClock } from '../../src/base/clock.ts';
import type { RetryPolicy } from '../../src/base/retry.ts';
import type { Job } from '../../src/core/job.ts';
import type { Dispatcher } from '../../src/jobs/dispatcher.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../../src/jobs/handler.ts';
import type { ClaimedTask, JobStore, NewJob, TaskSpec } from '../../src/jobs/job-store.ts';
import { createLocalDispatcher } from '../../src/jobs/local/dispatcher.ts';
import type { OutagePolicy } from '../../src/jobs/outage.ts';
import { createWorker } from '../../src/jobs/worker.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { get, newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog, type LogLine } from './http-fixture.ts';
import { makeFolder } from './with-folder.ts';

/** What the jobs of a test do. */
export interface Script {
  /** What the plan task of every job spawns. */
  readonly plan: readonly TaskSpec[];
  /** Every task but `plan`; undefined: done. */
  run(claimed: ClaimedTask, context: TaskContext): Promise<TaskOutcome | undefined>;
  readonly onError?: JobHandler['onError'];
  readonly groupFinished?: JobHandler['groupFinished'];
  readonly subject?: JobHandler['subject'];
  readonly failed?: JobHandler['failed'];
}

export interface JobsFixtureOptions {
  readonly maxRunning?: number;
  readonly retry?: RetryPolicy;
  readonly outage?: OutagePolicy;
  readonly patienceOf?: (database: string) => number;
  /** Put between worker, dispatcher and the real store. */
  readonly wrap?: (store: JobStore) => Partial<JobStore>;
  /** A store file that is there already. */
  readonly path?: string;
}

/** A real store, worker and local dispatcher around a script in place of the operations. */
export interface JobsFixture extends AsyncDisposable {
  readonly store: JobStore;
  readonly dispatcher: Dispatcher;
  readonly lines: readonly LogLine[];
  /** Calls of each verb by worker and dispatcher. */
  readonly calls: Map<string, number>;
  start(changes?: Partial<NewJob>): Promise<Job>;
  stop(id: string): Promise<void>;
  cancel(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Settles when the job is in that state. */
  reached(id: string, state: Job['state']): Promise<Job>;
  /** Settles when the predicate holds; it is asked again after every verb and every {@link changed}. */
  until(predicate: () => boolean | Promise<boolean>): Promise<void>;
  /** Tells {@link until} that something of the test's own has changed. */
  changed(): void;
}

export const fastRetry: RetryPolicy = { attempts: 3, firstDelayMs: 5, maxDelayMs: 20 };
export const fastOutage: OutagePolicy = { patienceMs: 150, firstDelayMs: 5, maxDelayMs: 20 };

export async function openJobsFixture(
  script: Script,
  options: JobsFixtureOptions = {},
): Promise<JobsFixture> {
  const folder = await makeFolder();
  const { log, lines } = createMemoryLog();
  const opened = await openSqliteStore({
    path: options.path ?? folder.join('store.sqlite'),
    clock: systemClock,
    log,
  });
  const store = opened.jobs;
  const calls = new Map<string, number>();
  const changes = new EventEmitter();
  let version = 0;
  const changed = (): void => {
    version += 1;
    changes.emit('change');
  };
  const observed = observe({ ...store, ...options.wrap?.(store) }, (verb) => {
    calls.set(verb, (calls.get(verb) ?? 0) + 1);
    changed();
  });
  const handler: JobHandler = {
    kind: 'verify',
    async run(claimed, context) {
      if (claimed.task.kind === 'plan') {
        return { type: 'done', result: null, spawn: script.plan, plan: { planned: claimed.job.restarts } };
      }
      return (await script.run(claimed, context)) ?? { type: 'done', result: claimed.task.key };
    },
    onError: script.onError ?? (() => 'fail-task'),
    ...(script.subject === undefined ? {} : { subject: script.subject }),
    ...(script.failed === undefined ? {} : { failed: script.failed }),
    ...(script.groupFinished === undefined ? {} : { groupFinished: script.groupFinished }),
  };
  const worker = createWorker({
    store: observed,
    handlers: [handler],
    clock: systemClock,
    log,
    retry: options.retry ?? fastRetry,
    outage: options.outage ?? fastOutage,
    ...(options.patienceOf === undefined ? {} : { patienceOf: options.patienceOf }),
  });
  const dispatcher = createLocalDispatcher({
    store: observed,
    worker,
    workerId: 'local',
    maxRunning: options.maxRunning ?? 8,
    clock: systemClock,
    log,
  });
  await dispatcher.start();

  const until: JobsFixture['until'] = async (predicate) => {
    const signal = AbortSignal.timeout(30_000);
    for (;;) {
      const seen = version;
      if (await predicate()) return;
      if (version === seen) await once(changes, 'change', { signal });
    }
  };
  return {
    store,
    dispatcher,
    lines,
    calls,
    until,
    changed,
    async start(wanted) {
      const { job } = await store.createJob(newJob(wanted));
      dispatcher.notify();
      return job;
    },
    async stop(id) {
      await store.requestStop(id);
      dispatcher.interrupt(id);
    },
    async cancel(id) {
      await store.requestCancel(id);
      dispatcher.interrupt(id);
    },
    async resume(id) {
      await store.requestResume(id);
      dispatcher.notify();
    },
    async reached(id, state) {
      await until(async () => (await get(store, id)).state === state);
      return get(store, id);
    },
    async [Symbol.asyncDispose]() {
      await dispatcher.drain(0);
      await opened.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The same store, which tells of every verb that has ended. */
function observe(store: JobStore, ended: (verb: string) => void): JobStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return async (...args: readonly unknown[]) => {
        try {
          return await Reflect.apply(value, target, args);
        } finally {
          ended(name);
        }
      };
    },
  });
}

/** Rejects with the signal's reason once it aborts: work stuck in I/O that honours its signal. */
export function stuck(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}
