import type { Kysely } from 'kysely';

/** Storages are entered with credentials, which directories may name; some let only read. */
export async function credentials(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('credential')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('sealed_body', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .alterTable('directory')
    .addColumn('credential', 'text', (column) => column.references('credential.name'))
    .execute();
  await db.schema
    .alterTable('directory')
    .addColumn('read_only', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
