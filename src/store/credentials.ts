import type { Selectable } from 'kysely';
import { AppError } from '../core/errors.ts';
import { isJobCredential } from '../core/job-credential.ts';
import type { CredentialRecord, Registry } from '../registry/registry.ts';
import { byName, exists, unknown } from './named-things.ts';
import type { CredentialTable } from './schema.ts';
import { inTransaction, type StoreContext } from './store-context.ts';
import { resealCanary } from './wallet-canary.ts';

type CredentialVerbs = Pick<
  Registry,
  'addCredential' | 'getCredential' | 'listCredentials' | 'removeCredential' | 'replaceSealed'
>;

/** The registry's sealed things. */
export function createCredentialVerbs(store: StoreContext): CredentialVerbs {
  return {
    addCredential: (record) =>
      inTransaction(store, 'add a credential', async (trx) => {
        const row = await trx
          .insertInto('credential')
          .values({
            name: record.name,
            owner: record.owner,
            type: record.type,
            sealed_body: record.sealedBody,
            created_at: store.clock.now(),
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw exists('credential-exists', 'credential', record.name);
        return toCredential(row);
      }),
    getCredential: (name) =>
      inTransaction(store, 'read a credential', async (trx) => {
        const row = await trx
          .selectFrom('credential')
          .selectAll()
          .where('name', '=', name)
          .executeTakeFirst();
        return row === undefined ? null : toCredential(row);
      }),
    listCredentials: () =>
      inTransaction(store, 'list credentials', async (trx) => {
        const rows = await trx.selectFrom('credential').selectAll().execute();
        return rows
          .filter(({ name }) => !isJobCredential(name))
          .map(toCredential)
          .sort(byName);
      }),
    removeCredential: (name) =>
      inTransaction(store, 'remove a credential', async (trx) => {
        const directory = await trx
          .selectFrom('directory')
          .select('name')
          .where('credential', '=', name)
          .orderBy('name')
          .executeTakeFirst();
        if (directory !== undefined) {
          throw new AppError('credential-in-use', {
            field: 'name',
            message: `The directory ${directory.name} uses credential ${name}.`,
          });
        }
        const gone = await trx
          .deleteFrom('credential')
          .where('name', '=', name)
          .returning('name')
          .executeTakeFirst();
        if (gone === undefined) throw unknown('credential-unknown', 'credential', name);
      }),
    replaceSealed: (reseal) =>
      inTransaction(store, 'seal everything again', async (trx) => {
        const databases = await trx.selectFrom('database').select(['name', 'sealed_target']).execute();
        for (const { name, sealed_target } of databases) {
          await trx
            .updateTable('database')
            .set({ sealed_target: reseal(sealed_target) })
            .where('name', '=', name)
            .execute();
        }
        const credentials = await trx.selectFrom('credential').select(['name', 'sealed_body']).execute();
        for (const { name, sealed_body } of credentials) {
          await trx
            .updateTable('credential')
            .set({ sealed_body: reseal(sealed_body) })
            .where('name', '=', name)
            .execute();
        }
        const documents = await trx.selectFrom('api_document').selectAll().execute();
        for (const { database, api, key, sealed_body } of documents) {
          await trx
            .updateTable('api_document')
            .set({ sealed_body: reseal(sealed_body) })
            .where('database', '=', database)
            .where('api', '=', api)
            .where('key', '=', key)
            .execute();
        }
        const keys = await trx.selectFrom('access_key').select(['id', 'sealed_secret']).execute();
        for (const { id, sealed_secret } of keys) {
          await trx
            .updateTable('access_key')
            .set({ sealed_secret: reseal(sealed_secret) })
            .where('id', '=', id)
            .execute();
        }
        await resealCanary(trx, reseal);
        return databases.length + credentials.length + documents.length + keys.length;
      }),
  };
}

const toCredential = (row: Selectable<CredentialTable>): CredentialRecord => ({
  name: row.name,
  owner: row.owner,
  type: row.type,
  sealedBody: row.sealed_body,
  createdAt: row.created_at,
});
