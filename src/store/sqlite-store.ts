import { Kysely, SqliteDialect } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import type { EventStore } from '../jobs/event-store.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { ScheduleStore } from '../jobs/schedule-store.ts';
import type { AccessKeys } from '../registry/access-keys.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import type { Registry } from '../registry/registry.ts';
import type { Workspaces } from '../registry/workspaces.ts';
import { createAccessKeys } from './access-keys.ts';
import { createBackupCatalogue } from './backup-catalogue.ts';
import { createDocumentCache } from './documents.ts';
import { createEventStore } from './events.ts';
import { createJobStore } from './job-store.ts';
import { migrate } from './migrate.ts';
import { createRegistry } from './registry.ts';
import { createScheduleStore } from './schedules.ts';
import type { StoreSchema } from './schema.ts';
import { classifySqliteError, openSqliteConnection } from './sqlite-connection.ts';
import type { StoreContext } from './store-context.ts';
import { createWorkspaces } from './workspaces.ts';

export interface SqliteStoreOptions {
  /** The file; it is made when missing, its folder is not. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Jobs, registry and what belongs to them, in one file that this process alone uses. */
export interface Store extends AsyncDisposable {
  readonly jobs: JobStore;
  readonly registry: Registry;
  readonly schedules: ScheduleStore;
  readonly events: EventStore;
  readonly backups: BackupCatalogue;
  readonly workspaces: Workspaces;
  readonly accessKeys: AccessKeys;
  /** Ends what runs and closes the file; the second time nothing. */
  close(): Promise<void>;
}

/**
 * Opens the embedded store and brings its schema up to date. A commit is on disk when a verb returns. Throws `data-folder-locked`
 * at once when another process has the file, `store-version`, `data-folder-unwritable`, `database-not-a-database`.
 */
export async function openSqliteStore({ path, clock, log }: SqliteStoreOptions): Promise<Store> {
  const connection = openSqliteConnection(path);
  const db = new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database: connection }) });
  const classify: StoreContext['classify'] = (error, operation) =>
    classifySqliteError(error, operation, path);
  try {
    await migrate(db, clock);
  } catch (error) {
    connection.close();
    throw classify(error, 'open the job store');
  }
  log.debug('job store opened', { path });
  const store: StoreContext = { db, clock, documents: createDocumentCache(), classify };
  const close = async (): Promise<void> => db.destroy();
  return {
    jobs: createJobStore(store),
    registry: createRegistry(store),
    schedules: createScheduleStore(store),
    events: createEventStore(store),
    backups: createBackupCatalogue(store),
    workspaces: createWorkspaces(store),
    accessKeys: createAccessKeys(store),
    close,
    [Symbol.asyncDispose]: close,
  };
}
