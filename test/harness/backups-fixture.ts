import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../src/base/clock.ts';
import { openWallet } from '../../src/config/wallet.ts';
import type { NewEvent } from '../../src/core/event.ts';
import { isResting, type Job } from '../../src/core/job.ts';
import { localAdministrator } from '../../src/core/permission.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { createLocalDispatcher } from '../../src/jobs/local/dispatcher.ts';
import { createScheduler } from '../../src/jobs/scheduler.ts';
import { createWorker } from '../../src/jobs/worker.ts';
import { createBackupHandler } from '../../src/operations/backup.ts';
import { createBackupDeleteHandler } from '../../src/operations/backup-delete.ts';
import type { BackupParts } from '../../src/operations/backup-parts.ts';
import { createBackupVerifyHandler } from '../../src/operations/backup-verify.ts';
import { createDumpDeleteHandler } from '../../src/operations/dump-delete.ts';
import { createEnvironment } from '../../src/operations/environment.ts';
import { createExportHandler } from '../../src/operations/export.ts';
import { createImportHandler } from '../../src/operations/import.ts';
import { createRestoreHandler } from '../../src/operations/restore.ts';
import { createVerifyHandler } from '../../src/operations/verify.ts';
import type { BackupCatalogue } from '../../src/registry/backup-catalogue.ts';
import { createServiceAndPorts } from '../../src/service/create-service.ts';
import { ensureDefaults } from '../../src/service/directories.ts';
import { withSignals } from '../../src/service/job-signals.ts';
import { createScheduledRuns } from '../../src/service/scheduled-runs.ts';
import type { CallContext, Service } from '../../src/service/service.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createMemoryLog, type LogLine } from './http-fixture.ts';
import { placeAt } from './local-storage.ts';
import { aliveForEver, type Mortality } from './mortality.ts';

export interface BackupsOptions {
  /** Where everything is; it is left in place, and can be opened again. */
  readonly folder: string;
  /** The time; default: a moment of 2026. */
  readonly clock?: TestClock;
  /** What the process dies of. Default: nothing. */
  readonly mortality?: Mortality;
  /** Default: SQLite. */
  readonly engines?: readonly Engine[];
  /** Run no jobs before {@link BackupsFixture.start}. Default false. */
  readonly isIdle?: boolean;
  /** Put around the storage of every place. */
  readonly wrapStorage?: (storage: Storage) => Storage;
}

/** A time of the test's own, which goes on as time does. */
export interface TestClock extends Clock {
  /** From now on it is that time. */
  set(time: number): void;
}

export function createTestClock(start: number): TestClock {
  let [from, since] = [start, performance.now()];
  return {
    now: () => Math.floor(from + performance.now() - since),
    set(time) {
      [from, since] = [time, performance.now()];
    },
  };
}

/** Service, operations and store, as the product puts them together, in this process and by a clock of the test's own. */
export interface BackupsFixture extends AsyncDisposable {
  readonly service: Service;
  readonly store: Store;
  readonly catalogue: BackupCatalogue;
  /** What the operations are made of. */
  readonly parts: BackupParts;
  /** Folder of the directory DATA_PUMP_DIR. */
  readonly dumps: string;
  readonly events: readonly NewEvent[];
  readonly lines: readonly LogLine[];
  readonly clock: TestClock;
  /** Begins to run jobs. */
  start(): Promise<void>;
  /** One look at the schedules. */
  look(): Promise<void>;
  /** The local administrator's. */
  context(): CallContext;
  /** Waits until the job rests, and gives it. */
  settled(id: string): Promise<Job>;
  /** Starts a job by the service and waits until it rests. */
  run(start: (service: Service, context: CallContext) => Promise<{ readonly job: Job }>): Promise<Job>;
}

export async function openBackups(options: BackupsOptions): Promise<BackupsFixture> {
  const {
    folder,
    clock = createTestClock(Date.UTC(2026, 1, 13, 2, 18, 40)),
    mortality = aliveForEver,
  } = options;
  const { engines = [sqliteEngine], wrapStorage = (storage) => storage } = options;
  const dumps = path.join(folder, 'dumps');
  await mkdir(dumps, { recursive: true });
  const { log, lines } = createMemoryLog();
  const opened = await openSqliteStore({ path: path.join(folder, 'store.sqlite'), clock, log });
  const { store, signals } = withSignals(mortality.of(opened.jobs));
  const registry = mortality.of(opened.registry);
  const catalogue = mortality.of(opened.backups);
  const wallet = await openWallet(path.join(folder, 'wallet.key'), { key: null, previous: null });
  const environment = createEnvironment({
    engines: engines.map((engine) => mortality.engine(engine)),
    openStorage: (url) => mortality.of(wrapStorage(localDriver.open(placeAt(url)))),
    registry,
    sealer: wallet,
  });
  await ensureDefaults(opened.registry, dumps);
  const events: NewEvent[] = [];
  const eventStore = mortality.of(opened.events);
  const tell = async (event: NewEvent): Promise<void> => {
    await eventStore.addEvent(event, { deliver: false });
    events.push(event);
  };
  const parts: BackupParts = {
    environment,
    catalogue,
    jobs: store,
    children: { start: (...child) => ports.children.start(...child) },
    jobDatabases: {
      put: (...database) => ports.jobDatabases.put(...database),
      find: (name) => ports.jobDatabases.find(name),
      remove: (name) => ports.jobDatabases.remove(name),
      list: () => ports.jobDatabases.list(),
    },
    cancel: async (jobId) => {
      await store.requestCancel(jobId);
      dispatcher.interrupt(jobId);
      dispatcher.notify();
    },
    tell,
    clock,
  };
  const handlers = [
    createExportHandler(environment, { unitBytes: () => 64 * 1024 * 1024 }),
    createImportHandler(environment),
    createVerifyHandler(environment),
    createDumpDeleteHandler(environment),
    createBackupHandler(parts),
    createBackupVerifyHandler(parts),
    createBackupDeleteHandler(parts),
    createRestoreHandler(parts),
  ];
  const worker = createWorker({ store, handlers, clock, log });
  const dispatcher = createLocalDispatcher({
    store,
    worker,
    workerId: 'local',
    maxRunning: 4,
    clock,
    log,
  });
  const ports = createServiceAndPorts({
    store,
    signals,
    registry,
    accessKeys: opened.accessKeys,
    workspaces: opened.workspaces,
    backups: catalogue,
    schedules: opened.schedules,
    events: opened.events,
    tell,
    environment,
    wallet,
    credentialTypes: [],
    dispatcher,
    clock,
    log,
    storeVersions: async () => ({ version: 1, knownVersion: 1 }),
    options: { threadsMax: () => 16, mail: { canSend: false, to: () => [] }, databaseRetryMs: () => 60_000 },
    localToken: null,
    isReady: () => true,
  });
  const { service } = ports;
  const starts = createScheduledRuns({ store, registry, tell }, service);
  const scheduler = createScheduler({ schedules: opened.schedules, starts, clock, log });
  const context = (): CallContext => ({
    caller: localAdministrator,
    requestId: 'test',
    signal: new AbortController().signal,
  });
  const start = () => dispatcher.start();
  if (options.isIdle !== true) await start();

  const settled = async (id: string): Promise<Job> => {
    for (;;) {
      const { promise: changed, resolve } = Promise.withResolvers<void>();
      const unsubscribe = signals.subscribe(id, resolve);
      try {
        const job = await opened.jobs.getJob(id);
        if (job === null) throw new Error(`The job ${id} is gone.`);
        if (isResting(job.state) || mortality.isDead()) return job;
        // What other jobs do to it, nobody tells.
        await Promise.race([changed, sleep(50)]);
      } finally {
        unsubscribe();
      }
    }
  };
  return {
    service,
    store: opened,
    catalogue: opened.backups,
    parts,
    dumps,
    events,
    lines,
    clock,
    start,
    look: scheduler.look,
    context,
    settled,
    run: async (start) => settled((await start(service, context())).job.id),
    async [Symbol.asyncDispose]() {
      await dispatcher.drain(0);
      await opened.close();
    },
  };
}
