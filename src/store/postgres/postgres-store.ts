import { Kysely, PostgresDialect } from 'kysely';
import type { Clock } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import type { Logger } from '../../core/context.ts';
import type { InstanceStore } from '../../jobs/instance-store.ts';
import type { JobNotices } from '../../jobs/job-notices.ts';
import type { TicketedJobs, TicketQueue } from '../../jobs/tickets.ts';
import { createDocumentCache } from '../documents.ts';
import { type Migration, storeMigrations } from '../migrate.ts';
import type { StoreSchema } from '../schema.ts';
import { assembleStore, type Store } from '../store.ts';
import type { StoreContext, Trx } from '../store-context.ts';
import { createInstanceStore } from './instances.ts';
import { createJobNotices } from './notices.ts';
import { classifyStoreError, isRaced } from './store-errors.ts';
import { createStorePool, schemaPatience } from './store-pool.ts';
import { findSchemaVersion, migrateStore } from './store-schema.ts';
import { describeStore, readStoreUrl, type StoreAddress } from './store-url.ts';
import { createTicketedJobs } from './tickets.ts';

export interface PostgresStoreOptions {
  readonly url: Secret;
  readonly clock: Clock;
  readonly log: Logger;
  /** Id of this process among those that share the store. */
  readonly instance: string;
  /** Null: of a process that neither starts jobs nor runs them. */
  readonly tickets: TicketQueue<Trx> | null;
}

/** A store that several processes share. */
export interface SharedStore extends Store {
  readonly tickets: TicketedJobs;
  readonly notices: JobNotices;
  readonly instances: InstanceStore;
  /** For people, without secrets. */
  readonly description: string;
}

/**
 * Opens the store in a PostgreSQL database and brings its schema up to date. Throws `store-unavailable` (a later try may succeed), `store-refused`,
 * `store-version`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<SharedStore> {
  const { url, clock, log, instance, tickets } = options;
  const address = readStoreUrl(url);
  const description = describeStore(address);
  const classify: StoreContext['classify'] = (error, operation) =>
    classifyStoreError(error, operation, description);
  await bringUpToDate(address, clock, log);

  const db = connectStore(address, log);
  const context: StoreContext = {
    db,
    clock,
    documents: createDocumentCache(),
    classify,
    isRaced,
    sharing: { instance, tickets },
  };
  const notices = createJobNotices(address, log);
  log.debug('job store opened', { store: description });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= notices.close().then(() => db.destroy()));
  return {
    ...assembleStore(context, close),
    tickets: createTicketedJobs(context),
    notices,
    instances: createInstanceStore(context),
    description,
  };
}

const connectStore = (address: StoreAddress, log: Logger): Kysely<StoreSchema> =>
  new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool: createStorePool(address, log) }) });

/**
 * Makes or migrates the schema, if there is need. Throws as {@link openPostgresStore}. Gives the version that was there; 0: none.
 * @param migrations those of another program than this one
 */
export async function bringUpToDate(
  address: StoreAddress,
  clock: Clock,
  log: Logger,
  migrations: readonly Migration[] = storeMigrations,
): Promise<number> {
  const pool = createStorePool(address, log, schemaPatience, 1);
  const db = new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool }) });
  try {
    const version = await findSchemaVersion(db);
    // Looked at first: who needs nothing to be made needs no right to make it.
    if (version !== migrations.length) await migrateStore(db, clock, migrations);
    return version;
  } catch (error) {
    throw classifyStoreError(error, 'open the job store', describeStore(address));
  } finally {
    await db.destroy();
  }
}
