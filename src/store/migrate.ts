import { type Kysely, sql, type Transaction } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import { jobsAndRegistry } from './migrations/0001-jobs-and-registry.ts';
import { heldJobs } from './migrations/0002-held-jobs.ts';
import { whyHeld } from './migrations/0003-why-held.ts';
import { credentials } from './migrations/0004-credentials.ts';
import { mailsAndDocuments } from './migrations/0005-mails-and-documents.ts';
import { familiesBackupsDefinitions } from './migrations/0006-families-backups-definitions.ts';
import type { StoreSchema } from './schema.ts';

/** Version n is made by the n-th of them; they are only ever added to. */
const migrations: readonly ((db: Kysely<never>) => Promise<void>)[] = [
  jobsAndRegistry,
  heldJobs,
  whyHeld,
  credentials,
  mailsAndDocuments,
  familiesBackupsDefinitions,
];

/**
 * Brings the schema to the version of this program, one transaction per step. Any number of processes may do so at once: the version
 * table's key lets one of them win each step, the others notice and go on. Throws `store-version` when the schema is newer.
 */
export async function migrate(db: Kysely<StoreSchema>, clock: Clock): Promise<void> {
  let failures = 0;
  let seen = -1;
  for (;;) {
    try {
      const version = await db.transaction().execute((trx) => step(trx, clock));
      if (version === migrations.length) return;
      seen = version;
    } catch (error) {
      if (error instanceof AppError) throw error;
      // A loser of the race fails on whatever the winner made first; an error that comes again without progress is a real one.
      const version = await currentVersion(db).catch(() => seen);
      failures = version > seen ? 0 : failures + 1;
      seen = Math.max(seen, version);
      if (failures > 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * failures));
    }
  }
}

/** Applies the next migration, if there is one; gives the version afterwards. */
async function step(trx: Transaction<StoreSchema>, clock: Clock): Promise<number> {
  await trx.schema
    .createTable('schema_version')
    .ifNotExists()
    .addColumn('version', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
  const version = await currentVersion(trx);
  if (version > migrations.length) {
    throw new AppError('store-version', {
      message: `The job store has schema version ${version}; this Pumphouse knows versions up to ${migrations.length}.`,
    });
  }
  const next = migrations[version];
  if (next === undefined) return version;
  await trx
    .insertInto('schema_version')
    .values({ version: version + 1, applied_at: clock.now() })
    .execute();
  await next(trx as unknown as Kysely<never>);
  return version + 1;
}

async function currentVersion(db: Kysely<StoreSchema>): Promise<number> {
  const row = await db
    .selectFrom('schema_version')
    .select(sql<number | null>`max(version)`.as('version'))
    .executeTakeFirst();
  return row?.version ?? 0;
}
