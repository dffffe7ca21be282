import { type Kysely, sql } from 'kysely';

/** Several processes share a store; jobs have priorities; lists and claims stay as fast with 100,000 jobs as with none. */
export async function sharedStore(db: Kysely<never>): Promise<void> {
  await columns(db);
  await tables(db);
  await indexes(db);
}

async function columns(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .alterTable('job')
    .addColumn('priority', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('job').addColumn('home', 'text').execute();
  await schema.alterTable('task').addColumn('claimed_at', 'bigint').execute();
  await schema.alterTable('event').addColumn('taken_json', 'text').execute();
  for (const table of ['database', 'directory']) {
    await schema
      .alterTable(table)
      .addColumn('shared', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  }
}

async function tables(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('job_snapshot')
    .addColumn('job_id', 'text', (column) => column.notNull().references('job.id').onDelete('cascade'))
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('job_snapshot_token', ['job_id', 'token'])
    .execute();
  await schema
    .createTable('instance')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('url', 'text')
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('store_setting')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}

/** A job is unfinished as long as it has no end: the few of them are found without those that are over. */
async function indexes(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  const unfinished = (name: string) =>
    schema.createIndex(name).on('job').where(sql.ref('finished_at'), 'is', null);
  // Where tickets say who is next nobody looks for the first of all jobs, and each change of `running` would cost an entry in every index.
  if (!(db.getExecutor().adapter.supportsMultipleConnections ?? true)) {
    await unfinished('job_claim').columns(['priority desc', 'running', 'seq']).execute();
  }
  await unfinished('job_unfinished').column('seq').execute();
  await unfinished('job_unfinished_database').columns(['database', 'seq']).execute();
  await unfinished('job_unfinished_kind').columns(['kind', 'seq']).execute();
  await schema.createIndex('job_owner').on('job').columns(['owner', 'seq']).execute();
  await schema.createIndex('job_database').on('job').columns(['database', 'seq']).execute();
  await schema.createIndex('job_kind').on('job').columns(['kind', 'seq']).execute();
  await schema.createIndex('job_state_seq').on('job').columns(['state', 'seq']).execute();
  await schema.createIndex('job_api').on('job').columns(['api', 'seq']).execute();
  await schema
    .createIndex('job_held')
    .on('job')
    .column('held_until')
    .where(sql.ref('held_until'), '>', sql.lit(0))
    .execute();
  await schema
    .createIndex('task_retry_of_job')
    .on('task')
    .columns(['job_id', 'retry_at'])
    .where(sql.ref('retry_at'), '>', sql.lit(0))
    .execute();
  await schema
    .createIndex('job_home')
    .on('job')
    .column('home')
    .where(sql.ref('home'), 'is not', null)
    .execute();
}
