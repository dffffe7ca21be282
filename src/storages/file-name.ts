import { AppError } from '../core/errors.ts';

/** Unfinished uploads carry such names; nothing else may, so that lists can leave them out. */
const unfinished = /^\..*\.part$/s;

/** Longest part of a name between two `/`, in bytes of UTF-8: what file systems take. */
export const maxPartBytes = 255;
const maxNameBytes = 1024;

/**
 * Refuses names that a storage could take for something else than a file below its base: absolute ones, `.` and `..`, backslashes,
 * control characters, empty parts, over-long parts, names of unfinished uploads. Throws `file-name-invalid`.
 */
export function checkFileName(name: string): void {
  const fault = faultOf(name);
  if (fault === null) return;
  throw new AppError('file-name-invalid', {
    message: `The file name ${JSON.stringify(name.slice(0, 120))} ${fault}.`,
    hint: 'Give a relative name of plain parts, with / between them.',
  });
}

function faultOf(name: string): string | null {
  if (name === '') return 'is empty';
  if (!name.isWellFormed()) return 'is not valid Unicode';
  if (name.startsWith('/')) return 'is absolute';
  if (name.includes('\\')) return 'holds a backslash';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'holds a control character';
  if (Buffer.byteLength(name) > maxNameBytes) return `is longer than ${maxNameBytes} bytes`;
  for (const part of name.split('/')) {
    if (part === '') return 'holds an empty part';
    if (part === '.' || part === '..') return `holds the part ${part}`;
    if (Buffer.byteLength(part) > maxPartBytes) return `holds a part longer than ${maxPartBytes} bytes`;
    if (unfinished.test(part)) return 'is kept for unfinished uploads';
  }
  return null;
}

/** Whether the last part of `name` is that of an unfinished upload. */
export const isUnfinished = (part: string): boolean => unfinished.test(part);
