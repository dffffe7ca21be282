import type { Selectable } from 'kysely';
import type { AccessKeyRecord, AccessKeys } from '../registry/access-keys.ts';
import { unknown } from './named-things.ts';
import type { AccessKeyTable } from './schema.ts';
import { inTransaction, type StoreContext } from './store-context.ts';

/** The access keys of users. */
export function createAccessKeys(store: StoreContext): AccessKeys {
  return {
    addAccessKey: ({ id, user, sealedSecret }) =>
      inTransaction(store, 'add an access key', async (trx) => {
        const known = await trx
          .selectFrom('user_account')
          .select('name')
          .where('name', '=', user)
          .executeTakeFirst();
        if (known === undefined) throw unknown('user-unknown', 'user', user);
        const row = await trx
          .insertInto('access_key')
          .values({ id, user_name: user, sealed_secret: sealedSecret, created_at: store.clock.now() })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toAccessKey(row);
      }),
    getAccessKey: (id) =>
      inTransaction(store, 'read an access key', async (trx) => {
        const row = await trx.selectFrom('access_key').selectAll().where('id', '=', id).executeTakeFirst();
        return row === undefined ? null : toAccessKey(row);
      }),
    listAccessKeys: (user) =>
      inTransaction(store, 'list access keys', async (trx) => {
        const rows = await trx
          .selectFrom('access_key')
          .selectAll()
          .where('user_name', '=', user)
          .orderBy('created_at')
          .orderBy('id')
          .execute();
        return rows.map(toAccessKey);
      }),
    removeAccessKey: (id) =>
      inTransaction(store, 'remove an access key', async (trx) => {
        const gone = await trx
          .deleteFrom('access_key')
          .where('id', '=', id)
          .returning('id')
          .executeTakeFirst();
        if (gone === undefined) throw unknown('access-key-unknown', 'access key', id);
      }),
  };
}

const toAccessKey = (row: Selectable<AccessKeyTable>): AccessKeyRecord => ({
  id: row.id,
  user: row.user_name,
  sealedSecret: row.sealed_secret,
  createdAt: row.created_at,
});
