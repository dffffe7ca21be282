import type { WalletCanary } from '../registry/wallet-canary.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';

const name = 'wallet_canary';

export function createWalletCanary(store: StoreContext): WalletCanary {
  return {
    keepCanary: (sealed) =>
      inTransaction(store, 'compare wallet keys', async (trx) => {
        await trx
          .insertInto('store_setting')
          .values({ name, value: sealed })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return (await readCanary(trx)) ?? sealed;
      }),
  };
}

/** The canary goes with the wallet key, as all that is sealed. */
export async function resealCanary(trx: Trx, reseal: (sealed: string) => string): Promise<void> {
  const sealed = await readCanary(trx);
  if (sealed === undefined) return;
  await trx
    .updateTable('store_setting')
    .set({ value: reseal(sealed) })
    .where('name', '=', name)
    .execute();
}

async function readCanary(trx: Trx): Promise<string | undefined> {
  const row = await trx
    .selectFrom('store_setting')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.value;
}
