import type { Kysely } from 'kysely';

/** A job that is held back says why. */
export async function whyHeld(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('job').addColumn('held_for', 'text').execute();
}
