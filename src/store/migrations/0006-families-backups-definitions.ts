import { type Kysely, sql } from 'kysely';

/** Jobs start jobs; schedules, events, backups, and workspaces with definitions; access keys. */
export async function familiesBackupsDefinitions(db: Kysely<never>): Promise<void> {
  await sql`insert into counter (name, value) values ('event', 0), ('backup', 0), ('item', 0)`.execute(db);
  await families(db);
  await schedulesAndEvents(db);
  await backups(db);
  await workspaces(db);
  await accessKeys(db);
}

async function families(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('job').addColumn('parent_id', 'text').execute();
  await schema.alterTable('job').addColumn('parent_step', 'text').execute();
  await schema
    .alterTable('job')
    .addColumn('forgotten', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  // A column that is added has the same default in every row; each job so far is a family of its own.
  await schema
    .alterTable('job')
    .addColumn('root_id', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await sql`update job set root_id = id`.execute(db);
  await schema.createIndex('job_root').on('job').column('root_id').execute();
  await schema
    .createIndex('job_parent')
    .unique()
    .on('job')
    .columns(['parent_id', 'parent_step', 'forgotten'])
    .execute();
  await schema.alterTable('task').addColumn('awaits_json', 'text').execute();
}

async function schedulesAndEvents(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('schedule')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('subject_key', 'text', (column) => column.notNull().unique())
    .addColumn('subject_json', 'text', (column) => column.notNull())
    .addColumn('rule_json', 'text', (column) => column.notNull())
    .addColumn('params_json', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('api', 'text', (column) => column.notNull())
    .addColumn('next_at', 'bigint')
    .addColumn('last_at', 'bigint')
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('schedule_next')
    .on('schedule')
    .column('next_at')
    .where(sql.ref('next_at'), 'is not', null)
    .execute();
  await schema
    .createTable('due_run')
    .addColumn('schedule_id', 'text', (column) =>
      column.notNull().references('schedule.id').onDelete('cascade'),
    )
    .addColumn('planned_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('due_run_time', ['schedule_id', 'planned_at'])
    .execute();

  await schema
    .createTable('event')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('key', 'text', (column) => column.notNull().unique())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('database', 'text')
    .addColumn('job_id', 'text')
    .addColumn('data_json', 'text', (column) => column.notNull())
    .addColumn('deliver_at', 'bigint')
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createIndex('event_delivery')
    .on('event')
    .column('deliver_at')
    .where(sql.ref('deliver_at'), 'is not', null)
    .execute();
}

async function backups(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('backup_policy')
    .addColumn('database', 'text', (column) =>
      column.primaryKey().notNull().references('database.name').onDelete('cascade'),
    )
    .addColumn('body_json', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('backup')
    .addColumn('id', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('database', 'text', (column) => column.notNull())
    // Tells databases that had the same name one after the other.
    .addColumn('database_uid', 'bigint')
    .addColumn('engine', 'text', (column) => column.notNull())
    .addColumn('tag', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('job_id', 'text', (column) => column.notNull().unique())
    .addColumn('location_json', 'text', (column) => column.notNull())
    .addColumn('file_pattern', 'text')
    .addColumn('encryption_key', 'text')
    .addColumn('keep_forever', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('completed_at', 'bigint')
    .addColumn('bytes', 'bigint')
    .addColumn('rows', 'bigint')
    .addColumn('position', 'text')
    .addColumn('error', 'text')
    .addColumn('proofs_json', 'text', (column) => column.notNull())
    .addColumn('deleted_at', 'bigint')
    .addColumn('deleted_reason', 'text')
    .addUniqueConstraint('backup_tag', ['database', 'tag'])
    .execute();
}

async function workspaces(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('workspace')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('is_default', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('workspace_item')
    .addColumn('id', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('workspace', 'text', (column) => column.notNull().references('workspace.id'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('content_json', 'text', (column) => column.notNull())
    .addColumn('document_api', 'text')
    .addColumn('document_text', 'text')
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_by', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('workspace_item_name', ['workspace', 'kind', 'name'])
    .execute();
  await schema
    .createTable('definition_version')
    .addColumn('item_id', 'bigint', (column) =>
      column.notNull().references('workspace_item.id').onDelete('cascade'),
    )
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('content_json', 'text', (column) => column.notNull())
    .addColumn('document_api', 'text')
    .addColumn('document_text', 'text')
    .addColumn('submitted_by', 'text', (column) => column.notNull())
    .addColumn('submitted_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('definition_version_number', ['item_id', 'version'])
    .execute();
}

async function accessKeys(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('access_key')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('user_name', 'text', (column) =>
      column.notNull().references('user_account.name').onDelete('cascade'),
    )
    .addColumn('sealed_secret', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('access_key_user').on('access_key').column('user_name').execute();
}
