import { resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { EngineTarget } from '../engine.ts';

/** A database file. */
export interface SqliteTarget extends EngineTarget {
  /** Absolute. */
  readonly path: string;
}

const hint = 'Use sqlite:/absolute/path.db, sqlite:///absolute/path.db or sqlite:relative/path.db.';

/**
 * Parses `sqlite:/abs/path`, `sqlite:///abs/path` and `sqlite:rel/path` (below the working folder). %XX stands for a byte of the path.
 * @throws AppError url-invalid, naming the part that is wrong
 */
export function parseSqliteUrl(url: string): SqliteTarget {
  const refuse = (why: string): AppError =>
    new AppError('url-invalid', { field: 'url', message: `The database URL ${why}.`, hint });
  const match = /^sqlite:(.*)$/is.exec(url);
  if (match === null) throw refuse('does not begin with sqlite:');
  const rest = match[1] as string;
  if (/[?#]/.test(rest))
    throw refuse('has a query or fragment, and SQLite takes none (write ? as %3F, # as %23)');
  const slashes = /^\/*/.exec(rest)?.[0].length ?? 0;
  if (slashes === 2)
    throw refuse(`names a host ("${rest.slice(2).split('/')[0]}"), and SQLite has only files`);
  if (slashes > 3) throw refuse('has more than three slashes before the path');
  let path: string;
  try {
    path = decodeURIComponent(slashes === 3 ? rest.slice(2) : rest);
  } catch {
    throw refuse('has a % in its path that is not followed by two hex digits of UTF-8 (write % as %25)');
  }
  if (path === '' || path.endsWith('/')) throw refuse('has no file name');
  if (path === ':memory:') throw refuse('names a database in memory, which nobody else can read');
  if (path.includes('\0')) throw refuse('has a NUL character in its path');
  return { path: resolve(path) };
}

/** The URL that gives this target again. */
export const describeSqlite = (target: SqliteTarget): string =>
  `sqlite:${target.path.replace(/[%?#]/g, (character) => encodeURIComponent(character))}`;

/** The shape of a target that was stored. */
export const sqliteTarget = (target: EngineTarget): SqliteTarget => {
  if (typeof target.path === 'string') return { path: target.path };
  throw new AppError('url-invalid', { message: 'The stored connection of the database has no path.', hint });
};
