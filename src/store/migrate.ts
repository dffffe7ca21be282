import { type Kysely, sql, type Transaction } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import { jobsAndRegistry } from './migrations/0001-jobs-and-registry.ts';
import { heldJobs } from './migrations/0002-held-jobs.ts';
import { whyHeld } from './migrations/0003-why-held.ts';
import { credentials } from './migrations/0004-credentials.ts';
import { mailsAndDocuments } from './migrations/0005-mails-and-documents.ts';
import { familiesBackupsDefinitions } from './migrations/0006-families-backups-definitions.ts';
import { sharedStore } from './migrations/0007-shared-store.ts';
import { dumpUses } from './migrations/0008-dump-uses.ts';
import type { StoreSchema } from './schema.ts';

export type Migration = (db: Kysely<never>) => Promise<void>;

/**
 * Version n is made by the n-th of them; they are only ever added to. Each leaves what is there as older programs know it, since those go on with it while
 * instances are replaced one by one: it adds tables, indexes, and columns that have a default or may be null.
 */
export const storeMigrations: readonly Migration[] = [
  jobsAndRegistry,
  heldJobs,
  whyHeld,
  credentials,
  mailsAndDocuments,
  familiesBackupsDefinitions,
  sharedStore,
  dumpUses,
];

/** The version of this program. */
export const newestVersion: number = storeMigrations.length;

export interface MigrateOptions {
  /** {@link storeMigrations}; fewer are an older program's. */
  readonly migrations?: readonly Migration[];
  /** What each step begins with, in its transaction. */
  readonly before?: (trx: Kysely<StoreSchema>) => Promise<void>;
  /** What each step ends with, in its transaction. */
  readonly after?: (trx: Kysely<StoreSchema>) => Promise<void>;
}

/**
 * Brings the schema to the version of this program, one transaction per step. Any number of processes may do so at once: the version
 * table's key lets one of them win each step, the others notice and go on. Throws `store-version` when the schema is newer.
 */
export async function migrate(
  db: Kysely<StoreSchema>,
  clock: Clock,
  options: MigrateOptions = {},
): Promise<void> {
  const newest = options.migrations?.length ?? newestVersion;
  let failures = 0;
  let seen = -1;
  for (;;) {
    try {
      const version = await db.transaction().execute((trx) => step(trx, clock, options));
      if (version === newest) return;
      seen = version;
    } catch (error) {
      if (error instanceof AppError) throw error;
      // A loser of the race fails on whatever the winner made first; an error that comes again without progress is a real one.
      const version = await schemaVersion(db).catch(() => seen);
      failures = version > seen ? 0 : failures + 1;
      seen = Math.max(seen, version);
      if (failures > 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * failures));
    }
  }
}

/** Throws `store-version` when this program does not know the version. */
export function refuseNewer(version: number, newest: number = newestVersion): void {
  if (version <= newest) return;
  throw new AppError('store-version', {
    message: `The job store has schema version ${version}; this Pumphouse knows versions up to ${newest}.`,
  });
}

/** Applies the next migration, if there is one; gives the version afterwards. */
async function step(
  trx: Transaction<StoreSchema>,
  clock: Clock,
  { migrations = storeMigrations, before, after }: MigrateOptions,
): Promise<number> {
  await before?.(trx);
  await trx.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('version', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
  const version = await schemaVersion(trx);
  refuseNewer(version, migrations.length);
  const next = migrations[version];
  if (next === undefined) return version;
  await trx
    .insertInto('schema_version')
    .values({ version: version + 1, applied_at: clock.now() })
    .execute();
  await next(trx as unknown as Kysely<never>);
  await after?.(trx);
  return version + 1;
}

/** The newest version that was applied; 0: none. */
export async function schemaVersion(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('schema_version')
    .select(sql<number | null>`max(version)`.as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}
