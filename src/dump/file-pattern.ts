import { AppError } from '../core/errors.ts';
import { checkFileName } from '../storages/file-name.ts';

/** The highest file number of a pattern; 01 is the master. */
export const lastFileNumber = 99;

/** The manifest of a folder; no packed file may be called so. */
export const plainManifestName = 'manifest.json';

const maxPatternLength = 200;
/** Room for part-file names and the like below the 255 bytes of file systems. */
const maxPatternBytes = 240;

/** A pattern read: one with numbers, or the plain name that it stands for. Throws `file-name-invalid`. */
export function parseFilePattern(
  filePattern: string,
): { readonly numbered: true } | { readonly numbered: false; readonly name: string } {
  const fault = faultOf(filePattern);
  if (fault !== null) {
    throw new AppError('file-name-invalid', {
      field: 'file_pattern',
      message: `The file pattern ${JSON.stringify(filePattern.slice(0, 120))} ${fault}.`,
      hint: 'Give a bare file name such as EXPDAT%U.DMP: %U stands for the file number, %% for a percent sign.',
    });
  }
  if (/%u/i.test(filePattern.replaceAll('%%', ''))) return { numbered: true };
  return { numbered: false, name: filePattern.replaceAll('%%', '%') };
}

function faultOf(pattern: string): string | null {
  if (pattern.trim() === '') return 'is empty';
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  if (Buffer.byteLength(pattern) > maxPatternBytes) return `is longer than ${maxPatternBytes} bytes`;
  if (pattern.startsWith('/') || /^[A-Za-z]:/.test(pattern)) return 'is an absolute path';
  if (pattern.includes('/') || pattern.includes('\\'))
    return 'leaves its directory: it holds a slash or backslash';
  if (pattern.toLowerCase() === plainManifestName) return 'is kept for the manifest of a folder';
  const unknown = /%(?:[^uU%]|$)/u.exec(pattern.replaceAll('%%', ''));
  if (unknown !== null) return `holds the unknown substitution ${JSON.stringify(unknown[0])}`;
  try {
    checkFileName(fileOfPattern(pattern, 1));
  } catch (error) {
    if (error instanceof AppError)
      return 'is no file name: . and .., control characters and .*.part cannot be used';
    throw error;
  }
  return null;
}

/** The name of file `number` of a pattern; several `%U` step together. */
export function fileOfPattern(pattern: string, number: number): string {
  const digits = String(number).padStart(2, '0');
  return pattern.replaceAll(/%([uU%])/g, (_, kind: string) => (kind === '%' ? '%' : digits));
}

/** The part of a pattern's file names before the first number. */
export function prefixOfPattern(pattern: string): string {
  const split = /^((?:%%|[^%])*)%[uU]/.exec(pattern);
  return (split?.[1] ?? pattern).replaceAll('%%', '%');
}

/** All names that a pattern can give, by number from 1. */
export function filesOfPattern(pattern: string): readonly string[] {
  return Array.from({ length: lastFileNumber }, (_, index) => fileOfPattern(pattern, index + 1));
}
