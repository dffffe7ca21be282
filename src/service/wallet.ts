import type { Logger } from '../core/context.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { Wallet } from '../core/sealer.ts';
import type { Registry } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { Service } from './service.ts';

/** Runs one piece of work after the other. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * The exchange of the key that seals what is secret in the store.
 * @param inTurn whatever is sealed and then stored must go through it too, so that nothing sealed with the old key comes late
 */
export function createWalletRotation(
  parts: ServiceDependencies,
  inTurn: InTurn,
): Pick<Service, 'rotateWallet'> {
  const { registry, wallet, resealSettings } = parts;
  return {
    async rotateWallet(context) {
      await authoriseCommand(parts, context, { name: 'wallet:rotate', subject: wallet.keptIn }, () =>
        authorise(context, 'config:manage'),
      );
      return inTurn(async () => {
        if (wallet.keptIn === 'file') {
          await wallet.addKey();
        } else if (!wallet.hasOldKeys) {
          throw new AppError('option-invalid', {
            field: 'wallet-key',
            message:
              'The wallet key comes from the environment, and no other key is given to exchange it for.',
            hint: 'Start Pumphouse with a new key as PUMPHOUSE_WALLET_KEY and the present one as PUMPHOUSE_WALLET_KEY_PREVIOUS, then run pumphouse wallet rotate again.',
          });
        }
        return { resealed: await finishRotation(registry, wallet, resealSettings), keptIn: wallet.keptIn };
      });
    },
  };
}

/** At start: ends the rotation that a killed process left half done. What cannot be opened with any key is told, and keeps the old ones. */
export async function finishKilledRotation(
  registry: Pick<Registry, 'replaceSealed'>,
  wallet: Wallet,
  log: Logger,
  resealSettings?: () => Promise<number>,
): Promise<void> {
  // Keys that are given in the environment are exchanged when the command says so.
  if (wallet.keptIn !== 'file' || !wallet.hasOldKeys) return;
  try {
    await finishRotation(registry, wallet, resealSettings);
  } catch (error) {
    const { message, hint } = toAppError(error);
    log.warn('a rotation of the wallet could not be finished', { message, hint });
  }
}

/**
 * Seals everything with the newest key and forgets the others: the second half of a rotation, and what is left to do of one that was
 * killed. Each step leaves everything openable: the old keys go when nothing is sealed with them any more.
 * @returns how many sealed things there are
 */
export async function finishRotation(
  registry: Pick<Registry, 'replaceSealed'>,
  wallet: Wallet,
  resealSettings: () => Promise<number> = async () => 0,
): Promise<number> {
  const inStore = await registry.replaceSealed((sealed) => wallet.seal(wallet.unseal(sealed)));
  const inFolder = await resealSettings();
  await wallet.dropOldKeys();
  return inStore + inFolder;
}
