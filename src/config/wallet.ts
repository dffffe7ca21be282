import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import type { Wallet } from '../core/sealer.ts';
import { keyBytes } from './option-types.ts';
import { addWalletKey, keepFirstWalletKey, readWalletFile } from './wallet-file.ts';
import { createWalletKey, type WalletKey } from './wallet-key.ts';

/** First part of a sealed text: says how the rest is to be read. */
const format = 'wallet1';

/** Keys that are used instead of the file's (options `wallet-key` and `wallet-key-previous`). */
export interface GivenKeys {
  /** Seals; null: the file's. */
  readonly key: Secret | null;
  /** Opens what was sealed before; null: none. */
  readonly previous: Secret | null;
}

/**
 * The wallet of a data folder. Sealed text is `wallet1:<key id>:<base64url of iv, tag and ciphertext>`.
 * @param path the key file: read, or made with a fresh key and mode 0600 when it does not exist; untouched when a key is given
 * @param isNeeded whether the store holds something sealed: then the key of a missing file is lost, and no fresh one takes its place
 * @throws AppError option-invalid when the file holds no key, data-folder-unwritable when it cannot be made
 */
export async function openWallet(path: string, given: GivenKeys, isNeeded = false): Promise<Wallet> {
  const before = given.previous === null ? [] : [createWalletKey(bytesOf(given.previous))];
  const own =
    given.key === null
      ? (await readWalletFile(path, !isNeeded || given.previous !== null)).map(createWalletKey)
      : [createWalletKey(bytesOf(given.key))];
  // The first of them seals.
  const keys: WalletKey[] = [...own, ...before];
  let hasOldKeys = keys.length > 1;

  const sealedError = (problem: string): AppError =>
    new AppError('option-invalid', {
      field: 'wallet-key',
      message: `A stored secret ${problem}.`,
      hint: `Put back the ${path} or PUMPHOUSE_WALLET_KEY that was used before (PUMPHOUSE_WALLET_KEY_PREVIOUS beside a new one), or register it again.`,
    });

  /** The first of the keys. */
  const sealing = (): WalletKey => {
    const [key] = keys;
    if (key !== undefined) return key;
    throw new AppError('option-invalid', {
      field: 'wallet-key',
      message: `There is no key to seal with: ${path} is missing, and the store holds secrets that were sealed with another key.`,
      hint: 'Put back the file or the PUMPHOUSE_WALLET_KEY that was used before. Where it is lost, remove the databases, credentials and access keys that there are, start Pumphouse again, and register them anew.',
    });
  };

  return {
    keptIn: given.key === null ? 'file' : 'environment',
    get hasOldKeys() {
      return hasOldKeys;
    },
    seal(plain) {
      const key = sealing();
      const header = `${format}:${key.id}`;
      return `${header}:${key.encrypt(plain, header)}`;
    },
    unseal(sealed) {
      const [sealedFormat, keyId, body = ''] = sealed.split(':');
      if (sealedFormat !== format) throw sealedError('is in a format that this version does not read');
      const key = keys.find(({ id }) => id === keyId);
      if (key === undefined) {
        throw sealedError(
          keys.length === 0
            ? 'was sealed with a key that is not there any more'
            : 'was sealed with another key than the one in use',
        );
      }
      try {
        return key.decrypt(body, `${format}:${keyId}`);
      } catch {
        throw sealedError('is damaged');
      }
    },
    deriveKey: (purpose) => sealing().derive(purpose),
    async addKey() {
      sealing();
      const [fresh] = await addWalletKey(path);
      keys.unshift(createWalletKey(fresh as Buffer));
      hasOldKeys = true;
    },
    async dropOldKeys() {
      if (given.key === null) await keepFirstWalletKey(path);
      // In memory they stay: somebody may hold a text that he read before it was sealed again.
      hasOldKeys = false;
    },
  };
}

const bytesOf = (key: Secret): Buffer => keyBytes(key.reveal()) as Buffer;
