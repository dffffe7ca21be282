import { Kysely, SqliteDialect } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { Registry } from '../registry/registry.ts';
import { createDocumentCache } from './documents.ts';
import { createJobStore } from './job-store.ts';
import { migrate } from './migrate.ts';
import { createRegistry } from './registry.ts';
import type { StoreSchema } from './schema.ts';
import { classifySqliteError, openSqliteConnection } from './sqlite-connection.ts';
import type { StoreContext } from './store-context.ts';

export interface SqliteStoreOptions {
  /** The file; it is made when missing, its folder is not. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Jobs and registry in one file that this process alone uses. */
export interface Store extends AsyncDisposable {
  readonly jobs: JobStore;
  readonly registry: Registry;
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
    close,
    [Symbol.asyncDispose]: close,
  };
}
