import type { Kysely } from 'kysely';

/** Jobs can be held back while a server that they need does not answer. */
export async function heldJobs(db: Kysely<never>): Promise<void> {
  await db.schema
    .alterTable('job')
    .addColumn('held_until', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
