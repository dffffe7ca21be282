import type { Selectable } from 'kysely';
import { AppError } from '../core/errors.ts';
import { isJobDatabase } from '../core/job-database.ts';
import type { DatabaseRecord, DirectoryRecord, Registry, UserRecord } from '../registry/registry.ts';
import { createApiDocumentVerbs } from './api-documents.ts';
import { createCredentialVerbs } from './credentials.ts';
import { byName, exists, unknown } from './named-things.ts';
import { dropSchedule } from './schedules.ts';
import type { DatabaseTable, DirectoryTable, UserTable } from './schema.ts';
import { inTransaction, nextNumber, type StoreContext, toJson } from './store-context.ts';

/** The registry in the tables beside the jobs. */
export function createRegistry(store: StoreContext): Registry {
  return {
    ...createCredentialVerbs(store),
    ...createApiDocumentVerbs(store),

    addDatabase: (record) =>
      inTransaction(store, 'add a database', async (trx) => {
        const row = await trx
          .insertInto('database')
          .values({
            name: record.name,
            uid: await nextNumber(trx, 'database'),
            engine: record.engine,
            sealed_target: record.sealedTarget,
            description: record.description,
            shared: record.shared === true ? 1 : 0,
            created_at: store.clock.now(),
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw exists('database-exists', 'database', record.name);
        return toDatabase(row);
      }),
    changeDatabase: (name, { engine, sealedTarget, description }) =>
      inTransaction(store, 'change a database', async (trx) => {
        const row = await trx
          .updateTable('database')
          .set({ engine, sealed_target: sealedTarget, description })
          .where('name', '=', name)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw unknown('database-unknown', 'database', name);
        return toDatabase(row);
      }),
    setDatabaseTarget: (name, { sealedTarget, description }) =>
      inTransaction(store, 'change a database', async (trx) => {
        const row = await trx
          .updateTable('database')
          .set({ sealed_target: sealedTarget, description })
          .where('name', '=', name)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw unknown('database-unknown', 'database', name);
        return toDatabase(row);
      }),
    getDatabase: (name) =>
      inTransaction(store, 'read a database', async (trx) => {
        const row = await trx.selectFrom('database').selectAll().where('name', '=', name).executeTakeFirst();
        return row === undefined ? null : toDatabase(row);
      }),
    listDatabases: () =>
      inTransaction(store, 'list databases', async (trx) => {
        const rows = await trx.selectFrom('database').selectAll().execute();
        return rows
          .filter(({ name }) => !isJobDatabase(name))
          .map(toDatabase)
          .sort(byName);
      }),
    listJobDatabases: () =>
      inTransaction(store, 'list databases of jobs', async (trx) => {
        const rows = await trx.selectFrom('database').selectAll().execute();
        return rows
          .filter(({ name }) => isJobDatabase(name))
          .map(toDatabase)
          .sort(byName);
      }),
    removeDatabase: (name) =>
      inTransaction(store, 'remove a database', async (trx) => {
        const gone = await trx
          .deleteFrom('database')
          .where('name', '=', name)
          .returning('name')
          .executeTakeFirst();
        if (gone === undefined) throw unknown('database-unknown', 'database', name);
        await dropSchedule(trx, { type: 'backup', database: name });
      }),

    addDirectory: (record) =>
      inTransaction(store, 'add a directory', async (trx) => {
        const { name, url, credential, readOnly = false, shared = false } = record;
        const isMissing =
          credential !== null &&
          (await trx
            .selectFrom('credential')
            .select('name')
            .where('name', '=', credential)
            .executeTakeFirst()) === undefined;
        if (isMissing) {
          throw new AppError('credential-unknown', {
            field: 'credential',
            message: `There is no credential ${JSON.stringify(credential)}.`,
          });
        }
        const row = await trx
          .insertInto('directory')
          .values({
            name,
            url,
            credential,
            read_only: readOnly ? 1 : 0,
            shared: shared ? 1 : 0,
            created_at: store.clock.now(),
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw exists('directory-exists', 'directory', record.name);
        return toDirectory(row);
      }),
    getDirectory: (name) =>
      inTransaction(store, 'read a directory', async (trx) => {
        const row = await trx.selectFrom('directory').selectAll().where('name', '=', name).executeTakeFirst();
        return row === undefined ? null : toDirectory(row);
      }),
    listDirectories: () =>
      inTransaction(store, 'list directories', async (trx) => {
        const rows = await trx.selectFrom('directory').selectAll().execute();
        return rows.map(toDirectory).sort(byName);
      }),
    removeDirectory: (name) =>
      inTransaction(store, 'remove a directory', async (trx) => {
        const gone = await trx
          .deleteFrom('directory')
          .where('name', '=', name)
          .returning('name')
          .executeTakeFirst();
        if (gone === undefined) throw unknown('directory-unknown', 'directory', name);
      }),

    addUser: (record) =>
      inTransaction(store, 'add a user', async (trx) => {
        const row = await trx
          .insertInto('user_account')
          .values({
            name: record.name,
            role: record.role,
            password_hash: record.passwordHash,
            databases_json: toJson(record.databases),
            created_at: store.clock.now(),
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw exists('user-exists', 'user', record.name);
        return toUser(row);
      }),
    changeUser: (name, { role, passwordHash, databases }) =>
      inTransaction(store, 'change a user', async (trx) => {
        const row = await trx
          .updateTable('user_account')
          .set({ role, password_hash: passwordHash, databases_json: toJson(databases) })
          .where('name', '=', name)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw unknown('user-unknown', 'user', name);
        return toUser(row);
      }),
    getUser: (name) =>
      inTransaction(store, 'read a user', async (trx) => {
        const row = await trx
          .selectFrom('user_account')
          .selectAll()
          .where('name', '=', name)
          .executeTakeFirst();
        return row === undefined ? null : toUser(row);
      }),
    listUsers: () =>
      inTransaction(store, 'list users', async (trx) => {
        const rows = await trx.selectFrom('user_account').selectAll().execute();
        return rows.map(toUser).sort(byName);
      }),
    removeUser: (name) =>
      inTransaction(store, 'remove a user', async (trx) => {
        const gone = await trx
          .deleteFrom('user_account')
          .where('name', '=', name)
          .returning('name')
          .executeTakeFirst();
        if (gone === undefined) throw unknown('user-unknown', 'user', name);
      }),

    audit: (entry) =>
      inTransaction(store, 'write the audit trail', async (trx) => {
        const { requestId, ...rest } = entry;
        const seq = await nextNumber(trx, 'audit');
        await trx
          .insertInto('audit')
          .values({ seq, ...rest, request_id: requestId })
          .execute();
      }),
    countAudit: (prefixes, afterSeq) =>
      inTransaction(store, 'count the audit trail', async (trx) => {
        const row = await trx
          .selectFrom('audit')
          .where('seq', '>', afterSeq)
          .select(({ fn, eb }) => [
            fn.max('seq').as('newest'),
            fn
              .countAll()
              .filterWhere('outcome', '=', 'allowed')
              .filterWhere(eb.or(prefixes.map((prefix) => eb('action', 'like', `${prefix}%`))))
              .as('count'),
          ])
          .executeTakeFirstOrThrow();
        return { count: Number(row.count), newestSeq: Number(row.newest ?? afterSeq) };
      }),
    listAudit: (limit) =>
      inTransaction(store, 'read the audit trail', async (trx) => {
        const rows = await trx.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(limit).execute();
        return rows.map(({ at, caller, action, subject, outcome, request_id }) => ({
          at,
          caller,
          action,
          subject,
          outcome,
          requestId: request_id,
        }));
      }),
  };
}

const toDatabase = (row: Selectable<DatabaseTable>): DatabaseRecord => ({
  name: row.name,
  uid: row.uid,
  engine: row.engine,
  sealedTarget: row.sealed_target,
  description: row.description,
  shared: row.shared === 1,
  createdAt: row.created_at,
});

const toDirectory = (row: Selectable<DirectoryTable>): DirectoryRecord => ({
  name: row.name,
  url: row.url,
  credential: row.credential,
  readOnly: row.read_only === 1,
  shared: row.shared === 1,
  createdAt: row.created_at,
});

const toUser = (row: Selectable<UserTable>): UserRecord => ({
  name: row.name,
  role: row.role,
  passwordHash: row.password_hash,
  databases: JSON.parse(row.databases_json) as readonly string[],
  createdAt: row.created_at,
});
