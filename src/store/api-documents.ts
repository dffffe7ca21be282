import type { DocumentAddress, Registry } from '../registry/registry.ts';
import { unknown } from './named-things.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';

/** The documents that APIs keep about databases. */
export function createApiDocumentVerbs(
  store: StoreContext,
): Pick<Registry, 'getDocument' | 'listDocuments' | 'changeDocument'> {
  return {
    getDocument: (address) =>
      inTransaction(store, 'read a document', async (trx) => {
        const row = await at(
          trx.selectFrom('api_document').select('sealed_body'),
          address,
        ).executeTakeFirst();
        return row?.sealed_body ?? null;
      }),
    listDocuments: (api, key) =>
      inTransaction(store, 'list documents', async (trx) => {
        const rows = await trx
          .selectFrom('api_document')
          .select(['database', 'sealed_body'])
          .where('api', '=', api)
          .where('key', '=', key)
          .orderBy('database')
          .execute();
        return new Map(rows.map(({ database, sealed_body }) => [database, sealed_body]));
      }),
    changeDocument: (address, change) =>
      inTransaction(store, 'change a document', async (trx) => {
        const after = change(await lockDocument(trx, address));
        if (after === null) await at(trx.deleteFrom('api_document'), address).execute();
        else await at(trx.updateTable('api_document').set({ sealed_body: after }), address).execute();
        return after;
      }),
  };
}

/** What a row holds that was made to be locked. */
const nothing = '';

/** Locks the row until the end of the transaction, by writing it; it is made where it is missing. Gives what it holds. */
async function lockDocument(trx: Trx, address: DocumentAddress): Promise<string | null> {
  const { database, api, key } = address;
  const known = await trx
    .selectFrom('database')
    .select('name')
    .where('name', '=', database)
    .executeTakeFirst();
  if (known === undefined) throw unknown('database-unknown', 'database', database);
  const { sealed_body } = await trx
    .insertInto('api_document')
    .values({ database, api, key, sealed_body: nothing })
    .onConflict((conflict) =>
      conflict
        .columns(['database', 'api', 'key'])
        .doUpdateSet((eb) => ({ sealed_body: eb.ref('api_document.sealed_body') })),
    )
    .returning('sealed_body')
    .executeTakeFirstOrThrow();
  return sealed_body === nothing ? null : sealed_body;
}

/** Narrows a statement to the document of an address. */
function at<T extends { where(column: 'database' | 'api' | 'key', operator: '=', value: string): T }>(
  statement: T,
  { database, api, key }: DocumentAddress,
): T {
  return statement.where('database', '=', database).where('api', '=', api).where('key', '=', key);
}
