import { AppError } from '../core/errors.ts';
import { checkFileName } from '../storages/file-name.ts';

/** The highest file number of a pattern; 01 is the master. */
export const lastFileNumber = 99;

/** The manifest of a folder; no packed file may be called so. */
export const plainManifestName = 'manifest.json';

const maxPatternLength = 200;
/** Room for part-file names and the like below the 255 bytes of file systems. */
const maxPatternBytes = 240;

/** A pattern read. */
export type ParsedPattern =
  /** The numbered files of a dump set. */
  | { readonly form: 'pattern' }
  /** Files of an engine's own format, without a manifest. */
  | { readonly form: 'bare' }
  /** The plain name that it stands for. */
  | { readonly form: 'file'; readonly name: string };

/** Throws `file-name-invalid`. */
export function parseFilePattern(filePattern: string): ParsedPattern {
  const fault = faultOf(filePattern);
  if (fault !== null) {
    throw invalid(
      filePattern,
      fault,
      has(filePattern, 'i') || has(filePattern, 'n')
        ? 'Give a bare file name such as cache-%I_of_%N.gz: %I stands for the number of a file without a manifest, %N for how many there are.'
        : 'Give a bare file name such as EXPDAT%U.DMP: %U stands for the file number, %% for a percent sign.',
    );
  }
  if (has(filePattern, 'u')) return { form: 'pattern' };
  if (has(filePattern, 'i')) return { form: 'bare' };
  return { form: 'file', name: filePattern.replaceAll('%%', '%') };
}

/** The same for the pattern of a dump set. */
export function parseSetPattern(filePattern: string): Exclude<ParsedPattern, { readonly form: 'bare' }> {
  const parsed = parseFilePattern(filePattern);
  if (parsed.form !== 'bare') return parsed;
  throw invalid(
    filePattern,
    'is for files without a manifest, which are no dump set',
    'Give the file pattern, the file or the folder of a dump set; files without a manifest are imported one by one, by their names.',
  );
}

const invalid = (filePattern: string, fault: string, hint: string): AppError =>
  new AppError('file-name-invalid', {
    field: 'file_pattern',
    message: `The file pattern ${JSON.stringify(filePattern.slice(0, 120))} ${fault}.`,
    hint,
  });

/** Whether `%` and the letter stand in the pattern. */
const has = (pattern: string, letter: 'u' | 'i' | 'n'): boolean =>
  pattern.replaceAll('%%', '').toLowerCase().includes(`%${letter}`);

function faultOf(pattern: string): string | null {
  if (pattern.trim() === '') return 'is empty';
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  if (Buffer.byteLength(pattern) > maxPatternBytes) return `is longer than ${maxPatternBytes} bytes`;
  if (pattern.startsWith('/') || /^[A-Za-z]:/.test(pattern)) return 'is an absolute path';
  if (pattern.includes('/') || pattern.includes('\\'))
    return 'leaves its directory: it holds a slash or backslash';
  if (pattern.toLowerCase() === plainManifestName) return 'is kept for the manifest of a folder';
  const unknown = /%(?:[^uUiInN%]|$)/u.exec(pattern.replaceAll('%%', ''));
  if (unknown !== null) return `holds the unknown substitution ${JSON.stringify(unknown[0])}`;
  const isBare = has(pattern, 'i') || has(pattern, 'n');
  if (isBare && has(pattern, 'u')) return 'mixes %U with %I and %N';
  if (has(pattern, 'i') !== has(pattern, 'n'))
    return `has ${has(pattern, 'i') ? '%I without %N' : '%N without %I'}`;
  try {
    checkFileName(isBare ? fileOfBare(pattern, 1, 1) : fileOfPattern(pattern, 1));
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

/** The name of file `number`, from 1, of `count` files without a manifest. */
export const fileOfBare = (pattern: string, number: number, count: number): string =>
  pattern.replaceAll(/%([iInN%])/g, (_, kind: string) =>
    kind === '%' ? '%' : String(kind.toLowerCase() === 'i' ? number : count),
  );

/** Whether a name is one that {@link fileOfBare} gives, of whatever number and count. */
export function isBareName(pattern: string, name: string): boolean {
  const seen = new Set<string>();
  const expression = pattern.replaceAll(/%([iInN%])|[\\^$.*+?()[\]{}|]/g, (text, kind?: string) => {
    if (kind === undefined) return `\\${text}`;
    if (kind === '%') return '%';
    // A number is the same wherever it stands again; without that, a pattern of many would be tried in more ways than anybody can wait for.
    const number = kind.toLowerCase();
    if (seen.has(number)) return `\\k<${number}>`;
    seen.add(number);
    return `(?<${number}>[1-9][0-9]*)`;
  });
  return new RegExp(`^${expression}$`).test(name);
}

/** The part of a pattern's file names before the first number. */
export function prefixOfPattern(pattern: string): string {
  const split = /^((?:%%|[^%])*)%[uUiInN]/.exec(pattern);
  return (split?.[1] ?? pattern).replaceAll('%%', '%');
}

/** All names that a pattern can give, by number from 1. */
export function filesOfPattern(pattern: string): readonly string[] {
  return Array.from({ length: lastFileNumber }, (_, index) => fileOfPattern(pattern, index + 1));
}
