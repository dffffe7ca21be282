import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Job } from '../../src/core/job.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../../src/jobs/handler.ts';
import type { ClaimedTask, NewJob, TaskSpec } from '../../src/jobs/job-store.ts';
import { createBoss, startBoss } from '../../src/jobs/pg-boss/boss.ts';
import { createSharedDispatcher, type SharedDispatcher } from '../../src/jobs/pg-boss/shared-dispatcher.ts';
import { createTicketQueue } from '../../src/jobs/pg-boss/ticket-queue.ts';
import { createWorker, type Worker } from '../../src/jobs/worker.ts';
import { openPostgresStore, type SharedStore } from '../../src/store/postgres/postgres-store.ts';
import { clientConfig } from '../../src/store/postgres/store-pool.ts';
import { readStoreUrl } from '../../src/store/postgres/store-url.ts';
import { get, newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog, type LogLine } from './http-fixture.ts';
import { fastOutage, fastRetry } from './jobs-fixture.ts';
import type { PostgresServer } from './postgres.ts';

/** What the jobs of a test do, in every instance. */
export interface SharedScript {
  /** What the plan task of a job spawns. */
  plan(job: Job): readonly TaskSpec[];
  /** Every task but `plan`; undefined: done. */
  run(claimed: ClaimedTask, context: TaskContext, instance: string): Promise<TaskOutcome | undefined>;
  /** Whether what the plan opens is of its instance alone. */
  readonly staysHere?: (job: Job) => boolean;
}

/** An instance of a shared store in this process: a store, a queue, a worker and a dispatcher of its own. */
export interface SharedInstance extends AsyncDisposable {
  readonly name: string;
  readonly id: string;
  readonly store: SharedStore;
  readonly worker: Worker;
  readonly dispatcher: SharedDispatcher;
  readonly lines: readonly LogLine[];
}

export interface SharedInstanceOptions {
  readonly name?: string;
  readonly maxRunning?: number;
  /** Another way to the store than the server's own. */
  readonly url?: string;
  readonly steadyMs?: number;
}

/** Several instances on one store. */
export interface SharedJobs extends AsyncDisposable {
  readonly instances: readonly SharedInstance[];
  open(options?: SharedInstanceOptions): Promise<SharedInstance>;
  start(changes?: Partial<NewJob>): Promise<Job>;
  job(id: string): Promise<Job>;
  /** Settles when the job is in that state. */
  reached(id: string, state: Job['state']): Promise<Job>;
  /** Rows of the store's database. */
  query<T>(sql: string): Promise<readonly T[]>;
}

/** Asks until it holds. The test's own time-out ends what never comes. */
export async function until(predicate: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await predicate())) await sleep(10);
}

/** Makes a fresh database on the server, for instances to share. */
export async function openSharedJobs(server: PostgresServer, script: SharedScript): Promise<SharedJobs> {
  const database = await server.createDatabase();
  const instances: SharedInstance[] = [];
  const first = (): SharedInstance => {
    const [instance] = instances;
    if (instance === undefined) throw new Error('No instance is open.');
    return instance;
  };
  return {
    instances,
    async open(options = {}) {
      const opened = await openInstance(server.url(database), script, options);
      instances.push(opened);
      return opened;
    },
    async start(changes) {
      const { store, dispatcher } = first();
      const { job } = await store.jobs.createJob(newJob(changes));
      dispatcher.notify();
      return job;
    },
    job: (id) => get(first().store.jobs, id),
    async reached(id, state) {
      await until(async () => (await get(first().store.jobs, id)).state === state);
      return get(first().store.jobs, id);
    },
    query: async <T>(sql: string) => (await server.query(database, sql)) as T[],
    async [Symbol.asyncDispose]() {
      for (const instance of instances) await instance[Symbol.asyncDispose]();
    },
  };
}

async function openInstance(
  serverUrl: string,
  script: SharedScript,
  { name = 'instance', maxRunning = 8, url = serverUrl, steadyMs = 0 }: SharedInstanceOptions,
): Promise<SharedInstance> {
  const { log, lines } = createMemoryLog();
  const id = randomUUID();
  const connection = { ...clientConfig(readStoreUrl(new Secret(url)), bossPatience) };
  const boss = createBoss({ connection, log });
  const store = await openPostgresStore({
    url: new Secret(url),
    clock: systemClock,
    log,
    instance: id,
    tickets: createTicketQueue(boss),
  });
  await startBoss(boss, () => true);
  const handler: JobHandler = {
    kind: 'verify',
    async run(claimed, context) {
      if (claimed.task.kind === 'plan') {
        const staysHere = script.staysHere?.(claimed.job) ?? false;
        return { type: 'done', result: null, spawn: script.plan(claimed.job), staysHere };
      }
      return (await script.run(claimed, context, name)) ?? { type: 'done', result: claimed.task.key };
    },
    onError: () => 'fail-task',
  };
  const worker = createWorker({
    store: store.jobs,
    handlers: [handler],
    clock: systemClock,
    log,
    retry: fastRetry,
    outage: fastOutage,
  });
  const { tickets, notices, instances } = store;
  const dispatcher = createSharedDispatcher({
    boss,
    instance: { id, name, version: '1' },
    instances,
    tickets,
    notices,
    store: store.jobs,
    worker,
    maxRunning,
    log,
    steadyMs,
  });
  await dispatcher.start();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await dispatcher.drain(0);
    await boss.stop({ graceful: false });
    await store.close();
  };
  return {
    name,
    id,
    store,
    worker,
    dispatcher,
    lines,
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

const bossPatience = { connect: 5_000, answer: 5_000, lock: 0, statement: 0, silence: 0 };
