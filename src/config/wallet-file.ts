import { randomBytes } from 'node:crypto';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createFile, replaceFile } from '../base/atomic-file.ts';
import { AppError } from '../core/errors.ts';
import { keyBytes } from './option-types.ts';

/*
 * The key file: a key of 32 bytes in base64 on each line, for its owner alone. The first seals; those after it are there while a rotation
 * is under way, and open what is not sealed again yet.
 */

const mode = 0o600;

/** Text of a fresh key. */
const freshKey = (): string => randomBytes(32).toString('base64');

/**
 * The keys in the file. A missing one is made with a fresh key, and processes that race agree on one; unless `mayMake` is false: then there
 * are none.
 */
export async function readWalletFile(path: string, mayMake = true): Promise<readonly Buffer[]> {
  const stored = await read(path);
  if (stored !== null) return checked(stored, path);
  if (!mayMake) return [];
  const fresh = freshKey();
  if (await writing(path, () => createFile(path, `${fresh}\n`, mode))) return checked(fresh, path);
  return checked((await read(path)) ?? '', path);
}

/** Puts a fresh key before those in the file; gives them all. On disk, whole, when it returns. */
export async function addWalletKey(path: string): Promise<readonly Buffer[]> {
  const lines = [freshKey(), ...(await readWalletFile(path)).map((key) => key.toString('base64'))];
  const text = `${lines.join('\n')}\n`;
  await writing(path, () => replaceFile(path, text, mode));
  return checked(text, path);
}

/** Leaves the first key alone in the file, and nothing of the file beside it. */
export async function keepFirstWalletKey(path: string): Promise<void> {
  const [first] = await readWalletFile(path);
  if (first === undefined) return;
  await writing(path, () => replaceFile(path, `${first.toString('base64')}\n`, mode));
  // A process that was killed while it wrote the file left its draft, with keys in it.
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter((name) => name.startsWith(`.${basename(path)}.`));
  for (const name of drafts) await unlink(join(folder, name)).catch(() => undefined);
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('option-invalid', {
      field: 'wallet-key',
      message: `The key file ${path} cannot be read: ${(error as Error).message}.`,
      hint: 'Make it readable for the user that Pumphouse runs as.',
      cause: error,
    });
  }
}

async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw new AppError('data-folder-unwritable', {
      message: `The key file ${path} cannot be written: ${(error as Error).message}.`,
      cause: error,
    });
  }
}

function checked(text: string, path: string): readonly Buffer[] {
  const keys = text.trim().split(/\s+/).map(keyBytes);
  const whole = keys.filter((key) => key !== null);
  if (whole.length === keys.length) return whole;
  throw new AppError('option-invalid', {
    field: 'wallet-key',
    message: `The key file ${path} holds no key of 32 bytes.`,
    hint: 'Put back the original file; without it the stored secrets cannot be opened.',
  });
}
