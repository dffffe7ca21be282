import { Kysely, SqliteDialect } from 'kysely';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../core/context.ts';
import { createDocumentCache } from './documents.ts';
import { migrate } from './migrate.ts';
import type { StoreSchema } from './schema.ts';
import { classifySqliteError, openSqliteConnection } from './sqlite-connection.ts';
import { assembleStore, type Store } from './store.ts';
import type { StoreContext } from './store-context.ts';

export interface SqliteStoreOptions {
  /** The file; it is made when missing, its folder is not. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Opens the embedded store, in one file that this process alone uses, and brings its schema up to date. A commit is on disk when a verb returns.
 * Throws `data-folder-locked` at once when another process has the file, `store-version`, `data-folder-unwritable`, `database-not-a-database`.
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
  return assembleStore(
    { db, clock, documents: createDocumentCache(), classify, isRaced: () => false, sharing: null },
    () => db.destroy(),
  );
}
