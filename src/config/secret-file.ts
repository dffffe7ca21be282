import { readFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import type { OptionDeclaration } from './options.ts';

/** No secret is longer; a mistaken path may lead to anything. */
const largestFile = 64 * 1024;

/** Where the secret of an option can be told from a file: `PUMPHOUSE_WALLET_KEY_FILE`. */
export const fileVariableOf = (declaration: OptionDeclaration): string => `${declaration.env}_FILE`;

/**
 * The text of a secret option in the file that its variable names, as container engines mount secrets; without the line break at its end.
 * Undefined: it names none. Throws `option-invalid`, which never quotes what is in the file.
 */
export function secretFromFile(
  declaration: OptionDeclaration,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const variable = fileVariableOf(declaration);
  const file = env[variable];
  if (!declaration.secret || file === undefined || file === '') return undefined;
  const refused = (problem: string, cause?: unknown): AppError =>
    new AppError('option-invalid', {
      field: declaration.name,
      message: `${variable} names ${file}, ${problem}.`,
      hint: `Name a file that holds the value and nothing else, readable for the user that Pumphouse runs as, or give ${declaration.env}.`,
      cause,
    });
  if ((env[declaration.env] ?? '') !== '') throw refused(`and ${declaration.env} is set too`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw refused(`which cannot be read: ${(error as Error).message}`, error);
  }
  if (text.length > largestFile) throw refused('which is too long for a secret');
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw refused('which is empty');
  return value;
}
