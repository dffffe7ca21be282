import { hostname } from 'node:os';
import type { Clock } from './base/clock.ts';
import { newId } from './base/id.ts';
import { version } from './base/version.ts';
import type { Options } from './config/options.ts';
import type { Logger } from './core/context.ts';
import type { Dispatcher } from './jobs/dispatcher.ts';
import type { InstanceStore } from './jobs/instance-store.ts';
import type { JobNotices } from './jobs/job-notices.ts';
import type { JobStore } from './jobs/job-store.ts';
import { createLocalDispatcher } from './jobs/local/dispatcher.ts';
import { createBoss, startBoss } from './jobs/pg-boss/boss.ts';
import { createSharedDispatcher } from './jobs/pg-boss/shared-dispatcher.ts';
import { countTickets, type TicketFigures } from './jobs/pg-boss/ticket-figures.ts';
import { createTicketQueue } from './jobs/pg-boss/ticket-queue.ts';
import type { TicketedJobs } from './jobs/tickets.ts';
import type { Worker } from './jobs/worker.ts';
import { openPostgresStore } from './store/postgres/postgres-store.ts';
import { classifyStoreError } from './store/postgres/store-errors.ts';
import { clientConfig, type StorePatience } from './store/postgres/store-pool.ts';
import { describeStore, readStoreUrl } from './store/postgres/store-url.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { Store } from './store/store.ts';

/** There is one process on an embedded store. */
const workerId = 'local';

/** Of the ticket queue: what it asks is small, and heartbeats are among it. */
const queuePatience: StorePatience = { connect: 5_000, answer: 5_000, lock: 0, statement: 0, silence: 5_000 };

/** The job store of this process, and whoever hands out its work. */
export interface AppStore extends AsyncDisposable {
  readonly store: Store;
  /** Null: this process has the store for itself. */
  readonly sharing: {
    readonly notices: JobNotices;
    readonly instances: InstanceStore;
    readonly countTickets: () => Promise<TicketFigures>;
  } | null;
  /** Id of this process, for ever. */
  readonly instance: string;
  /** The place of the store for people, without secrets. */
  readonly description: string;
  createDispatcher(parts: DispatcherParts): AppDispatcher;
}

export interface DispatcherParts {
  /** As worker and service use it. */
  readonly store: JobStore;
  readonly worker: Worker;
  /** Puts something around the tickets of a shared store. */
  readonly watchTickets: (tickets: TicketedJobs) => TicketedJobs;
}

export interface AppDispatcher extends Dispatcher {
  /** Where this process answers. */
  answersAt(url: string): void;
}

export interface AppStoreOptions {
  readonly options: Pick<Options, 'store' | 'instance' | 'workers'>;
  /** The file of the embedded store. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Opens the embedded store, or the shared one where the option `store` names it. */
export const openAppStore = (parts: AppStoreOptions): Promise<AppStore> =>
  parts.options.store === null ? openEmbedded(parts) : openShared(parts);

async function openEmbedded({ options, file, clock, log }: AppStoreOptions): Promise<AppStore> {
  const store = await openSqliteStore({ path: file, clock, log });
  return {
    store,
    sharing: null,
    instance: newId(),
    description: file,
    createDispatcher: ({ store: jobs, worker }) => ({
      ...createLocalDispatcher({ store: jobs, worker, workerId, maxRunning: options.workers, clock, log }),
      answersAt: () => undefined,
    }),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

async function openShared({ options, clock, log }: AppStoreOptions): Promise<AppStore> {
  const url = options.store;
  if (url === null) throw new Error('There is no shared store to open.');
  await using opening = new AsyncDisposableStack();
  const instance = { id: newId(), name: options.instance ?? hostname(), version };
  const address = readStoreUrl(url);
  const boss = createBoss({ connection: { ...clientConfig(address, queuePatience) }, log });
  const store = opening.use(
    await openPostgresStore({ url, clock, log, instance: instance.id, tickets: createTicketQueue(boss) }),
  );
  opening.defer(() => boss.stop({ graceful: false }));
  const classify = (error: unknown) =>
    classifyStoreError(error, 'start the ticket queue', describeStore(address));
  try {
    await startBoss(boss, (error) => classify(error).code !== 'store-refused');
  } catch (error) {
    throw classify(error);
  }
  const { tickets, notices, instances, description } = store;
  const parts = opening.move();
  return {
    store,
    sharing: { notices, instances, countTickets: () => countTickets(boss) },
    instance: instance.id,
    description,
    createDispatcher: ({ store: jobs, worker, watchTickets }) =>
      createSharedDispatcher({
        boss,
        instance,
        instances,
        tickets: watchTickets(tickets),
        notices,
        store: jobs,
        worker,
        maxRunning: options.workers,
        log,
      }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
