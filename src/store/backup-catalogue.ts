import type { Selectable } from 'kysely';
import type { Backup, BackupPolicy, BackupProof } from '../core/backup.ts';
import { AppError } from '../core/errors.ts';
import type { LocationRequest } from '../core/request.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import { unknown } from './named-things.ts';
import type { BackupTable } from './schema.ts';
import { inTransaction, nextNumber, type StoreContext, type Trx, toJson } from './store-context.ts';

/** Policies and catalogue of backups, in the tables beside the registry's. */
export function createBackupCatalogue(store: StoreContext): BackupCatalogue {
  return {
    ...createPolicyVerbs(store),

    addBackup: (backup) =>
      inTransaction(store, 'add a backup', async (trx) => {
        const known = await findOfJob(trx, backup.jobId);
        if (known !== undefined) return toBackup(known);
        const id = await nextNumber(trx, 'backup');
        const added = await trx
          .insertInto('backup')
          .values({
            id,
            database: backup.database,
            database_uid: await uidOf(trx, backup.database),
            engine: backup.engine,
            tag: null,
            state: 'running',
            job_id: backup.jobId,
            location_json: toJson(backup.location),
            file_pattern: null,
            encryption_key: backup.encryptionKey,
            keep_forever: backup.keepForever ? 1 : 0,
            started_at: backup.startedAt,
            completed_at: null,
            bytes: null,
            rows: null,
            position: null,
            error: null,
            proofs_json: '[]',
            deleted_at: null,
            deleted_reason: null,
          })
          .onConflict((conflict) => conflict.column('job_id').doNothing())
          .returningAll()
          .executeTakeFirst();
        // Not written: another process has just added it.
        return toBackup(added ?? (await findOfJob(trx, backup.jobId)) ?? gone(id));
      }),
    getBackup: (id) =>
      inTransaction(store, 'read a backup', async (trx) => {
        const row = await trx.selectFrom('backup').selectAll().where('id', '=', id).executeTakeFirst();
        return row === undefined ? null : toBackup(row);
      }),
    backupOfJob: (jobId) =>
      inTransaction(store, 'find a backup', async (trx) => {
        const row = await findOfJob(trx, jobId);
        return row === undefined ? null : toBackup(row);
      }),
    listBackups: ({ database, states, limit, ofPresent }) =>
      inTransaction(store, 'list backups', async (trx) => {
        if (states?.length === 0) return [];
        let query = trx.selectFrom('backup').selectAll().orderBy('id', 'desc');
        if (database !== undefined) query = query.where('database', '=', database);
        if (states !== undefined) query = query.where('state', 'in', states);
        if (limit !== undefined) query = query.limit(limit);
        const uid = database !== undefined && ofPresent === true ? await uidOf(trx, database) : null;
        if (uid !== null) query = query.where('database_uid', '=', uid);
        return (await query.execute()).map(toBackup);
      }),
    changeBackup: (id, from, change) =>
      inTransaction(store, 'change a backup', async (trx) => {
        const before = await lockBackup(trx, id);
        if (before === undefined || !from.includes(before.state)) return null;
        const { filePattern, completedAt, keepForever, deletedAt, deletedReason, ...same } = change;
        const row = await trx
          .updateTable('backup')
          .set({
            ...same,
            ...(filePattern === undefined ? {} : { file_pattern: filePattern }),
            ...(completedAt === undefined ? {} : { completed_at: completedAt }),
            ...(keepForever === undefined ? {} : { keep_forever: keepForever ? 1 : 0 }),
            ...(deletedAt === undefined ? {} : { deleted_at: deletedAt }),
            ...(deletedReason === undefined ? {} : { deleted_reason: deletedReason }),
            ...(change.state === 'completed' && before.tag === null
              ? {
                  tag: await freeTag(
                    trx,
                    before.database,
                    completedAt ?? before.completed_at ?? store.clock.now(),
                  ),
                }
              : {}),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        return toBackup(row ?? gone(id));
      }),
    addProof: (id, proof) =>
      inTransaction(store, 'add a proof', async (trx) => {
        const before = (await lockBackup(trx, id)) ?? gone(id);
        // A job that tells it again, after a crash or a resume, has one proof: its last.
        const others = proofsOf(before).filter(({ jobId }) => jobId !== proof.jobId);
        const row = await trx
          .updateTable('backup')
          .set({ proofs_json: toJson([...others, proof]) })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        return toBackup(row ?? gone(id));
      }),
  };
}

function createPolicyVerbs(
  store: StoreContext,
): Pick<BackupCatalogue, 'putPolicy' | 'getPolicy' | 'listPolicies' | 'removePolicy'> {
  return {
    putPolicy: (policy) =>
      inTransaction(store, 'keep a backup policy', async (trx) => {
        const { database } = policy;
        const known = await trx
          .selectFrom('database')
          .select('name')
          .where('name', '=', database)
          .executeTakeFirst();
        if (known === undefined) throw unknown('database-unknown', 'database', database);
        const body_json = toJson(policy);
        await trx
          .insertInto('backup_policy')
          .values({ database, body_json })
          .onConflict((conflict) => conflict.column('database').doUpdateSet({ body_json }))
          .execute();
      }),
    getPolicy: (database) =>
      inTransaction(store, 'read a backup policy', async (trx) => {
        const row = await trx
          .selectFrom('backup_policy')
          .select('body_json')
          .where('database', '=', database)
          .executeTakeFirst();
        return row === undefined ? null : (JSON.parse(row.body_json) as BackupPolicy);
      }),
    listPolicies: () =>
      inTransaction(store, 'list backup policies', async (trx) => {
        const rows = await trx.selectFrom('backup_policy').select('body_json').orderBy('database').execute();
        return rows.map(({ body_json }) => JSON.parse(body_json) as BackupPolicy);
      }),
    removePolicy: (database) =>
      inTransaction(store, 'remove a backup policy', async (trx) => {
        await trx.deleteFrom('backup_policy').where('database', '=', database).execute();
      }),
  };
}

type BackupRow = Selectable<BackupTable>;

const findOfJob = (trx: Trx, jobId: string): Promise<BackupRow | undefined> =>
  trx.selectFrom('backup').selectAll().where('job_id', '=', jobId).executeTakeFirst();

/** The number of the database that has the name now; null: none has. */
async function uidOf(trx: Trx, database: string): Promise<number | null> {
  const row = await trx.selectFrom('database').select('uid').where('name', '=', database).executeTakeFirst();
  return row?.uid ?? null;
}

/** Locks the entry until the end of the transaction, by writing it. */
const lockBackup = (trx: Trx, id: number): Promise<BackupRow | undefined> =>
  trx
    .updateTable('backup')
    .set((eb) => ({ state: eb.ref('state') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

/** The tag of the first second, from that time on, that no other backup of the database has. */
async function freeTag(trx: Trx, database: string, completedAt: number): Promise<string> {
  // Two that complete at once must see each other's: tags are given one at a time.
  await trx
    .updateTable('counter')
    .set((eb) => ({ value: eb.ref('value') }))
    .where('name', '=', 'backup')
    .execute();
  for (let at = completedAt; ; at += 1000) {
    const tag = `TAG${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`;
    const taken = await trx
      .selectFrom('backup')
      .select('id')
      .where('database', '=', database)
      .where('tag', '=', tag)
      .executeTakeFirst();
    if (taken === undefined) return tag;
  }
}

function gone(id: number): never {
  throw new AppError('backup-unknown', { message: `There is no backup ${id}.` });
}

const proofsOf = (row: BackupRow): readonly BackupProof[] =>
  JSON.parse(row.proofs_json) as readonly BackupProof[];

const toBackup = (row: BackupRow): Backup => ({
  id: row.id,
  database: row.database,
  engine: row.engine,
  tag: row.tag,
  state: row.state,
  jobId: row.job_id,
  location: JSON.parse(row.location_json) as LocationRequest,
  filePattern: row.file_pattern,
  encryptionKey: row.encryption_key,
  keepForever: row.keep_forever === 1,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  bytes: row.bytes,
  rows: row.rows,
  position: row.position,
  error: row.error,
  proofs: proofsOf(row),
  deletedAt: row.deleted_at,
  deletedReason: row.deleted_reason,
});
