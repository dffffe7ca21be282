import { access } from 'node:fs/promises';
import type { Wallet } from '../core/sealer.ts';
import type { ConfigSecrets } from './config-secrets.ts';
import { locateDataFolder, prepareDataFolder } from './data-folder.ts';
import type { Options } from './options.ts';
import { openWallet } from './wallet.ts';

/**
 * The wallet that seals secrets of a config folder: that of the data folder, or the key of the environment. It is made where nothing was sealed before.
 * Throws `data-folder-unwritable`, `option-invalid`.
 */
export async function openSecretsWallet(
  options: Pick<Options, 'data' | 'walletKey' | 'walletKeyPrevious'>,
  secrets: ConfigSecrets,
): Promise<Wallet> {
  const folder = locateDataFolder(options.data);
  await prepareDataFolder(folder);
  // A store that is there may hold what was sealed with a key that was lost: whoever opens it must find that out.
  const isNeeded = (await secrets.read()).size > 0 || (await exists(folder.storeFile));
  return openWallet(
    folder.walletFile,
    { key: options.walletKey, previous: options.walletKeyPrevious },
    isNeeded,
  );
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
