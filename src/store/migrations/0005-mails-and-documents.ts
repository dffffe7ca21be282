import { type Kysely, sql } from 'kysely';

/** Jobs tell by mail how they end; APIs keep documents about databases. */
export async function mailsAndDocuments(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('job').addColumn('mail_to_json', 'text').execute();
  await schema.alterTable('job').addColumn('mail_due_at', 'bigint').execute();
  await schema
    .alterTable('job')
    .addColumn('mail_attempts', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema
    .createIndex('job_mail')
    .on('job')
    .column('mail_due_at')
    .where(sql.ref('mail_due_at'), 'is not', null)
    .execute();

  await schema
    .createTable('api_document')
    .addColumn('database', 'text', (column) =>
      column.notNull().references('database.name').onDelete('cascade'),
    )
    .addColumn('api', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('sealed_body', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('api_document_key', ['database', 'api', 'key'])
    .execute();
}
