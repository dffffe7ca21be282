import { AppError } from '../core/errors.ts';
import type { EncryptionFacts } from '../core/manifest.ts';
import { newSetCipher, openSetCipher, type SetCipher } from '../dump/encryption.ts';
import type { FrameCoding } from '../dump/frame-coding.ts';
import type { DumpSet } from '../dump/read-set.ts';
import { unlockSet } from '../dump/unlock-set.ts';
import type { Environment } from './environment.ts';

/** What of a request and its plan says how the frames of a dump set are stored. */
export interface StoredCoding {
  readonly compression: FrameCoding['compression'];
  /** Name of the credential that holds the key; null: none is given. */
  readonly encryptionKey: string | null;
  /** Absent: the set is not encrypted. */
  readonly encryption: EncryptionFacts | undefined;
}

/** Stretching a key takes a fifth of a second and 32 MiB: once for a set, not once for a unit. By the salt, which no two sets share. */
const known = new Map<string, Promise<SetCipher>>();
const mostKnown = 64;

/** How the units of a planned set are read and written. Throws `credential-unknown`, `encryption-key-wrong`. */
export async function codingOf(
  environment: Environment,
  { compression, encryptionKey, encryption }: StoredCoding,
): Promise<FrameCoding> {
  if (encryption === undefined && encryptionKey === null) return { compression, cipher: null };
  // Plans hold the one whenever requests have the other; nothing may go out in clear should that ever fail.
  if (encryption === undefined || encryptionKey === null) {
    throw new AppError('internal', { message: 'The plan and the request disagree on encryption.' });
  }
  const { salt } = encryption.keyDerivation;
  const opening =
    known.get(salt) ??
    environment.encryptionKey(encryptionKey).then((secret) => openSetCipher(secret, encryption));
  known.set(salt, opening);
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  try {
    return { compression, cipher: await opening };
  } catch (error) {
    known.delete(salt);
    throw error;
  }
}

/** The facts of a set that is to be written: those of an earlier plan of the job, since files of it may stay, else fresh ones. */
export async function encryptionForExport(
  environment: Environment,
  encryptionKey: string | null,
  earlier: EncryptionFacts | undefined,
): Promise<EncryptionFacts | undefined> {
  if (encryptionKey === null) return undefined;
  if (earlier !== undefined) return earlier;
  return (await newSetCipher(await environment.encryptionKey(encryptionKey))).facts;
}

/**
 * The cipher of a set that was opened, null where it is not encrypted; its manifest is checked to be what the export wrote. Throws `field-invalid` for a key
 * that none is needed for, `encryption-key-missing`, `encryption-key-wrong`, `credential-unknown`, `dump-damaged`.
 */
export async function unlock(
  environment: Environment,
  encryptionKey: string | null,
  set: Pick<DumpSet, 'manifest' | 'seal'>,
): Promise<SetCipher | null> {
  return unlockSet(set, encryptionKey === null ? null : await environment.encryptionKey(encryptionKey));
}
