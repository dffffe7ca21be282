import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, toAppError } from '../../core/errors.ts';

interface Meaning {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly hint?: string;
}

/** SQLite's result codes by their longest prefix; extended codes (SQLITE_BUSY_SNAPSHOT) fall to their primary one. */
const meanings: readonly (readonly [prefix: string, Meaning])[] = [
  ['SQLITE_BUSY', { code: 'database-locked', sentence: 'The database is locked by another connection' }],
  ['SQLITE_LOCKED', { code: 'database-locked', sentence: 'The database is locked by another connection' }],
  ['SQLITE_PROTOCOL', { code: 'database-locked', sentence: 'The locks of the database cannot be had' }],
  [
    'SQLITE_NOTADB',
    {
      code: 'database-not-a-database',
      sentence: 'The file is not an SQLite database, or is encrypted',
    },
  ],
  [
    'SQLITE_CORRUPT',
    {
      code: 'database-not-a-database',
      sentence: 'The database file is damaged',
      hint: 'Look at it with PRAGMA integrity_check, and restore it from a backup.',
    },
  ],
  [
    'SQLITE_CANTOPEN',
    {
      code: 'database-privilege',
      sentence: 'The database file, or a file beside it, cannot be opened',
      hint: 'Check the permissions of the file and of its folder.',
    },
  ],
  [
    'SQLITE_READONLY',
    {
      code: 'database-privilege',
      sentence: 'The database cannot be written',
      hint: 'Check the permissions of the file and of its folder.',
    },
  ],
  ['SQLITE_PERM', { code: 'database-privilege', sentence: 'The database cannot be accessed' }],
  ['SQLITE_FULL', { code: 'database-full', sentence: 'The disk is full' }],
  [
    'SQLITE_IOERR',
    {
      code: 'database-unreachable',
      sentence: 'The database file cannot be read or written',
      hint: 'Check the disk and the file system.',
    },
  ],
  ['SQLITE_NOMEM', { code: 'database-full', sentence: 'SQLite is out of memory' }],
  [
    'SQLITE_TOOBIG',
    {
      code: 'database-statement',
      sentence: 'A value is too big: as text, a row must stay under 1,000,000,000 bytes',
    },
  ],
  ['SQLITE_', { code: 'database-statement', sentence: 'SQLite refused a statement' }],
];

/** The result code that an error of better-sqlite3 carries; '' for other errors. */
export const sqliteCode = (error: unknown): string =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('SQLITE_')
    ? error.code
    : '';

/** Any error of better-sqlite3 as an AppError; AppErrors and aborts stay what they are. */
export function classifySqlite(error: unknown, operation: string): AppError {
  const code = sqliteCode(error);
  const meaning = meanings.find(([prefix]) => code !== '' && code.startsWith(prefix))?.[1];
  if (meaning === undefined) return toAppError(error);
  const said = (error as Error).message;
  return new AppError(meaning.code, {
    message: `${meaning.sentence}: ${said}.`,
    ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
    operation,
    context: { sqlite: code },
    cause: error,
  });
}

/** True for errors that are about the file or the machine, not about one statement: the work cannot go on. */
export const isFatal = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code !== '' && classifySqlite(error, '').code !== 'database-statement';
};
