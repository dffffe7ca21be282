import { type Kysely, sql } from 'kysely';

/** Everything that the first version keeps: jobs with their tasks and logs, and the named things of the service. */
export async function jobsAndRegistry(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema
    .createTable('counter')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into counter (name, value) values ('job', 0), ('database', 0), ('audit', 0)`.execute(db);

  await schema
    .createTable('job')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('database', 'text', (column) => column.notNull())
    .addColumn('api', 'text', (column) => column.notNull())
    .addColumn('api_data_json', 'text', (column) => column.notNull())
    .addColumn('request_json', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text')
    .addColumn('idempotency_digest', 'text')
    .addColumn('plan_id', 'text')
    .addColumn('result_id', 'text')
    .addColumn('threads', 'bigint', (column) => column.notNull())
    .addColumn('running', 'bigint', (column) => column.notNull())
    .addColumn('unfinished', 'bigint', (column) => column.notNull())
    .addColumn('bytes_done', 'bigint', (column) => column.notNull())
    .addColumn('bytes_total', 'bigint', (column) => column.notNull())
    .addColumn('rows_done', 'bigint', (column) => column.notNull())
    .addColumn('rows_total', 'bigint', (column) => column.notNull())
    .addColumn('units_done', 'bigint', (column) => column.notNull())
    .addColumn('units_total', 'bigint', (column) => column.notNull())
    .addColumn('error_count', 'bigint', (column) => column.notNull())
    .addColumn('error_json', 'text')
    .addColumn('restarts', 'bigint', (column) => column.notNull())
    .addColumn('log_seq', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('job_name', ['database', 'api', 'name'])
    .addUniqueConstraint('job_idempotency', ['owner', 'idempotency_key'])
    .execute();
  await schema.createIndex('job_state').on('job').columns(['state', 'finished_at']).execute();

  await schema
    .createTable('job_document')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('body_json', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('job_document_job').on('job_document').column('job_id').execute();

  await schema
    .createTable('task')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('group_name', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('payload_json', 'text', (column) => column.notNull())
    .addColumn('waits_for_json', 'text', (column) => column.notNull())
    .addColumn('blockers', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('rows', 'bigint', (column) => column.notNull())
    .addColumn('counted', 'integer', (column) => column.notNull())
    .addColumn('bytes_done', 'bigint', (column) => column.notNull())
    .addColumn('rows_done', 'bigint', (column) => column.notNull())
    .addColumn('attempt', 'bigint', (column) => column.notNull())
    .addColumn('claims', 'bigint', (column) => column.notNull())
    .addColumn('token', 'text')
    .addColumn('worker_id', 'text')
    .addColumn('retry_at', 'bigint', (column) => column.notNull())
    .addColumn('result_json', 'text')
    .addColumn('error_json', 'text')
    .addPrimaryKeyConstraint('task_key', ['job_id', 'key'])
    .execute();
  // Claiming reads the first row of (job, ready); heavier tasks come first.
  await schema
    .createIndex('task_claim')
    .on('task')
    .columns(['job_id', 'state', 'bytes desc', 'key'])
    .execute();
  await schema.createIndex('task_group_member').on('task').columns(['job_id', 'group_name', 'key']).execute();
  await schema
    .createIndex('task_worker')
    .on('task')
    .column('worker_id')
    .where(sql.ref('worker_id'), 'is not', null)
    .execute();
  await schema
    .createIndex('task_retry')
    .on('task')
    .column('retry_at')
    .where(sql.ref('retry_at'), '>', sql.lit(0))
    .execute();

  await schema
    .createTable('task_group')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('unfinished', 'bigint', (column) => column.notNull())
    .addColumn('bytes_done', 'bigint', (column) => column.notNull())
    .addColumn('bytes_total', 'bigint', (column) => column.notNull())
    .addColumn('rows_done', 'bigint', (column) => column.notNull())
    .addColumn('units_done', 'bigint', (column) => column.notNull())
    .addColumn('units_total', 'bigint', (column) => column.notNull())
    .addColumn('failed', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('task_group_name', ['job_id', 'name'])
    .execute();

  await schema
    .createTable('task_wait')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('group_name', 'text', (column) => column.notNull())
    .addColumn('task_key', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('task_wait_group', ['job_id', 'group_name', 'task_key'])
    .execute();

  await schema
    .createTable('job_log')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('level', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('data_json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('job_log_seq', ['job_id', 'seq'])
    .execute();

  await schema
    .createTable('database')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('uid', 'bigint', (column) => column.notNull().unique())
    .addColumn('engine', 'text', (column) => column.notNull())
    .addColumn('sealed_target', 'text', (column) => column.notNull())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('directory')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('user_account')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('databases_json', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('audit')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .execute();
}
