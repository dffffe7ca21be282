import type { Kysely } from 'kysely';

/** Which dump sets jobs use, so that a start need not read all other jobs. */
export async function dumpUses(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('job_use')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('does', 'text', (column) => column.notNull())
    .addColumn('top', 'text', (column) => column.notNull())
    .addColumn('is_pattern', 'integer', (column) => column.notNull())
    .addColumn('set_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('job_use_position', ['job_id', 'position'])
    .execute();
  await schema.createIndex('job_use_top').on('job_use').columns(['top', 'is_pattern']).execute();
}
