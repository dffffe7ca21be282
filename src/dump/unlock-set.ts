import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import { openSetCipher, type SetCipher } from './encryption.ts';
import type { DumpSet } from './read-set.ts';

/**
 * The cipher of a set that was opened, null for a set that is not encrypted; its manifest is checked to be what the holder of the key wrote.
 * @param secret null: none was given
 * @throws AppError `field-invalid` where a key is given and none is needed; `encryption-key-missing`, `encryption-key-wrong`, `dump-damaged`
 */
export async function unlockSet(
  { manifest, seal }: Pick<DumpSet, 'manifest' | 'seal'>,
  secret: Secret | null,
): Promise<SetCipher | null> {
  if (manifest.encryption === undefined || seal === null) {
    if (secret === null) return null;
    // Whoever can write to the storage could have put a set of his own in the place of an encrypted one.
    throw new AppError('field-invalid', {
      message: `A key is given, and the dump set of the export ${manifest.job.name} is not encrypted.`,
      field: 'encryption_key',
      hint: 'Leave the key out if the set is meant not to be encrypted; else somebody has replaced it.',
    });
  }
  if (secret === null) {
    throw new AppError('encryption-key-missing', {
      message: `The dump set of the export ${manifest.job.name} is encrypted.`,
      field: 'encryption_key',
    });
  }
  const cipher = await openSetCipher(secret, manifest.encryption);
  if (cipher.mac(seal.covered) === seal.mac) return cipher;
  throw new AppError('dump-damaged', {
    message: 'The manifest is not what the export wrote: somebody without the key has changed it.',
    field: 'file_pattern',
  });
}
