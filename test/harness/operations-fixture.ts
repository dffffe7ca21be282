import { EventEmitter, once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import type { Job, JobLogEntry } from '../../src/core/job.ts';
import { isResting } from '../../src/core/job.ts';
import { completeRequest } from '../../src/core/stored-request.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { createLocalDispatcher } from '../../src/jobs/local/dispatcher.ts';
import { defaultOutagePolicy, type OutagePolicy } from '../../src/jobs/outage.ts';
import { createWorker } from '../../src/jobs/worker.ts';
import { createEnvironment, sealTarget } from '../../src/operations/environment.ts';
import { createExportHandler } from '../../src/operations/export.ts';
import { createImportHandler } from '../../src/operations/import.ts';
import { createVerifyHandler } from '../../src/operations/verify.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from './http-fixture.ts';
import { placeAt } from './local-storage.ts';
import { makeFolder } from './with-folder.ts';

export interface OperationsOptions {
  readonly engine: Engine;
  /** URLs by name. */
  readonly databases: Readonly<Record<string, string>>;
  /** Put around the storage of the dump folder. */
  readonly wrapStorage?: (storage: Storage) => Storage;
  readonly unitBytes?: number;
  /** How patiently jobs wait for a storage; by default as the product. */
  readonly outage?: OutagePolicy;
}

/** A finished job with its log. */
export interface FinishedJob {
  readonly job: Job;
  readonly log: readonly JobLogEntry[];
}

/** The operations on a real store, worker and engine, without service and APIs; dump sets go to the directory DUMPS. */
export interface OperationsFixture extends AsyncDisposable {
  readonly dumps: string;
  /** Runs a request, of which absent options have their defaults, until the job rests; it is cancelled when `cancelAt` resolves. */
  run(request: Readonly<Record<string, unknown>>, cancelAt?: Promise<unknown>): Promise<FinishedJob>;
  /** Resumes a failed job until it rests again. */
  resume(id: string): Promise<FinishedJob>;
  /** Cancels a job that rests, and waits until it has cleaned up. */
  cancel(id: string): Promise<FinishedJob>;
}

export async function openOperations(options: OperationsOptions): Promise<OperationsFixture> {
  const {
    engine,
    databases,
    wrapStorage = (storage) => storage,
    unitBytes = 64 * 1024 * 1024,
    outage = defaultOutagePolicy,
  } = options;
  const folder = await makeFolder();
  const { log } = createMemoryLog();
  const opened = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const sealer = { seal: (text: string) => text, unseal: (text: string) => text };
  const environment = createEnvironment({
    engines: [engine],
    openStorage: (url) => wrapStorage(localDriver.open(placeAt(url))),
    registry: {
      getDatabase: async (name) => {
        const url = databases[name];
        return url === undefined
          ? null
          : { engine: engine.id, sealedTarget: sealTarget(sealer, engine.parseUrl(url)) };
      },
      getDirectory: async () => ({ url: pathToFileURL(folder.join('dumps')).href, credential: null }),
      getCredential: async () => null,
    },
    sealer,
  });
  const rested = new EventEmitter();
  const store = opened.jobs;
  const worker = createWorker({
    store,
    handlers: [
      createExportHandler(environment, { unitBytes: () => unitBytes }),
      createImportHandler(environment),
      createVerifyHandler(environment),
    ],
    clock: systemClock,
    log,
    outage,
  });
  const dispatcher = createLocalDispatcher({
    store,
    worker,
    workerId: 'local',
    maxRunning: 4,
    clock: systemClock,
    log,
  });
  await dispatcher.start();
  const poll = setInterval(() => rested.emit('look'), 10);

  const rest = async (id: string): Promise<FinishedJob> => {
    dispatcher.notify();
    for (;;) {
      const job = await store.getJob(id);
      if (job === null) throw new Error(`The job ${id} is gone.`);
      if (isResting(job.state)) return { job, log: await store.readLog(id, 0, 1000) };
      await once(rested, 'look');
    }
  };

  return {
    dumps: folder.join('dumps'),
    async run(body, cancelAt) {
      const location = { type: 'directory', directory: 'DUMPS' };
      const request = completeRequest({ location, filePattern: null, threads: 2, ...body });
      const { job: created } = await store.createJob(
        newJob({ request, threads: 2, database: request.database }),
      );
      const cancelled = cancelAt?.then(async () => {
        await store.requestCancel(created.id);
        dispatcher.interrupt(created.id);
        dispatcher.notify();
      });
      const finished = await rest(created.id);
      await cancelled;
      return finished;
    },
    async resume(id) {
      await store.requestResume(id);
      return await rest(id);
    },
    async cancel(id) {
      await store.requestCancel(id);
      return await rest(id);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      await dispatcher.drain(0);
      await opened.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
