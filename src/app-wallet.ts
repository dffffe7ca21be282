import type { Options } from './config/options.ts';
import { openWallet } from './config/wallet.ts';
import { AppError } from './core/errors.ts';
import type { Wallet } from './core/sealer.ts';
import type { Store } from './store/store.ts';

/** What the store keeps sealed for this alone: whoever opens it has a key of the others. */
const canary = 'pumphouse';

export interface AppWalletOptions {
  /** The key file of the data folder. */
  readonly file: string;
  readonly options: Pick<Options, 'walletKey' | 'walletKeyPrevious'>;
  readonly store: Pick<Store, 'registry' | 'accessKeys' | 'walletCanary'>;
  readonly isShared: boolean;
}

/**
 * The wallet for what the store holds sealed. Where other processes share the store, they must all have the same key, so that none is made here:
 * throws `option-invalid` when there is none, and `wallet-mismatch` when it is another than that of the others.
 */
export async function openAppWallet(parts: AppWalletOptions): Promise<Wallet> {
  const { file, options, store, isShared } = parts;
  const given = { key: options.walletKey, previous: options.walletKeyPrevious };
  const wallet = await openWallet(file, given, isShared || (await holdsSecrets(store)));
  if (isShared) await compareKeys(wallet, store, file);
  return wallet;
}

async function compareKeys(
  wallet: Wallet,
  { walletCanary }: Pick<Store, 'walletCanary'>,
  file: string,
): Promise<void> {
  const sealed = await walletCanary.keepCanary(sealFirst(wallet, file));
  try {
    if (wallet.unseal(sealed) === canary) return;
  } catch {
    // Said below, in words that help.
  }
  throw new AppError('wallet-mismatch', {
    field: 'wallet-key',
    message: `The wallet key of this instance (${wallet.keptIn === 'file' ? file : 'PUMPHOUSE_WALLET_KEY'}) is not the one that the shared store is sealed with.`,
    hint: `Give every instance the same PUMPHOUSE_WALLET_KEY, or put the same wallet.key into every data folder. While a key is exchanged, PUMPHOUSE_WALLET_KEY_PREVIOUS names the one before.`,
  });
}

function sealFirst(wallet: Wallet, file: string): string {
  try {
    return wallet.seal(canary);
  } catch (cause) {
    throw new AppError('option-invalid', {
      field: 'wallet-key',
      message: `There is no wallet key: a store that several instances share needs one that all of them have, and none is made for it.`,
      hint: `Make one (openssl rand -base64 32) and give it to every instance as PUMPHOUSE_WALLET_KEY, or as ${file}.`,
      cause,
    });
  }
}

/** Whether something in the store was sealed. */
async function holdsSecrets({
  registry,
  accessKeys,
}: Pick<Store, 'registry' | 'accessKeys'>): Promise<boolean> {
  const sealed: unknown[] = [...(await registry.listDatabases()), ...(await registry.listCredentials())];
  for (const { name } of await registry.listUsers()) sealed.push(...(await accessKeys.listAccessKeys(name)));
  return sealed.length > 0;
}
