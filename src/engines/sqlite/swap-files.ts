import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { sqliteCode } from './classify.ts';
import { patiently } from './patience.ts';
import { sideFiles } from './side-files.ts';

/** Absolute paths in one folder. */
export interface SwapPaths {
  /** What everybody opens. */
  readonly live: string;
  /** What takes its place. */
  readonly fresh: string;
  /** What the live one is called afterwards. */
  readonly old: string;
}

/**
 * In a worker: puts one database file in the place of another. The live one gets its second name first, then the fresh one takes the first name from it in one step, so
 * that there is a whole database under it at every moment. After a crash the files say how far it came.
 */
export function swapFiles(paths: SwapPaths): void {
  const { live, fresh, old } = paths;
  const there = { live: existsSync(live), fresh: existsSync(fresh), old: existsSync(old) };
  // An earlier call came to its end.
  if (!there.fresh && there.live && there.old) return;
  if (!there.fresh) throw missing(fresh);
  if (!there.live && !there.old) throw missing(live);
  if (there.live && there.old && !isSameFile(live, old)) throw taken(old);

  settle(fresh);
  // Without names for one file there is a moment at which the live one has none.
  if (!there.live) exchange(paths);
  else withLock(live, old, () => exchange(paths));
}

/** Everything of a database in its one file, and on the disk. */
function settle(path: string): void {
  const db = new Database(path, { timeout: 0, fileMustExist: true });
  try {
    patiently(() => db.pragma('wal_checkpoint(TRUNCATE)'));
  } finally {
    db.close();
  }
  // The last one who closes a database takes these away.
  const left = sideFiles(path).find((each) => existsSync(each));
  if (left !== undefined) throw inUse(path);
  sync(path);
}

/** Runs `work` while nobody else can read or write the database, and all of it is in its one file. */
function withLock(live: string, old: string, work: () => void): void {
  const db = new Database(live, { timeout: 0, fileMustExist: true });
  let wasWal: boolean | null = null;
  try {
    wasWal = lockAlone(db, live);
    if (wasWal === null) {
      // What cannot be opened cannot be locked, nor be used by others; what lies beside it must not be taken for the new one's.
      for (const [at, each] of sideFiles(live).entries()) {
        if (existsSync(each)) renameSync(each, sideFiles(old)[at] as string);
      }
      work();
      return;
    }
    try {
      work();
      db.exec('ROLLBACK');
    } catch (error) {
      db.exec('ROLLBACK');
      if (wasWal) db.pragma('journal_mode = WAL');
      throw error;
    }
  } finally {
    // Nothing is removed by its name here, which is another file's by now: no journal was begun.
    db.close();
  }
  if (wasWal) putBackIntoWal(old);
}

/** Whoever brings the old one back by hand finds it as it was. */
function putBackIntoWal(path: string): void {
  const db = new Database(path, { timeout: 0, fileMustExist: true });
  try {
    db.pragma('journal_mode = WAL');
  } finally {
    db.close();
  }
}

/** Begins an exclusive transaction, out of WAL mode, which nobody leaves while others have the file open. Tells whether it was in it; null: it is no database. */
function lockAlone(db: Database.Database, path: string): boolean | null {
  try {
    const wasWal = patiently(() => db.pragma('journal_mode', { simple: true })) === 'wal';
    if (wasWal) patiently(() => db.pragma('journal_mode = DELETE'));
    patiently(() => db.exec('BEGIN EXCLUSIVE'));
    return wasWal;
  } catch (error) {
    const code = sqliteCode(error);
    if (/^SQLITE_(?:NOTADB|CORRUPT)/.test(code)) return null;
    throw code.startsWith('SQLITE_BUSY') ? inUse(path, error) : error;
  }
}

function exchange({ live, fresh, old }: SwapPaths): void {
  try {
    if (existsSync(live) && !existsSync(old)) giveName(live, old);
    sync(dirname(live));
    renameSync(fresh, live);
    sync(dirname(live));
  } catch (cause) {
    throw new AppError('database-privilege', {
      message: `The database file ${live} cannot be replaced: ${(cause as Error).message}.`,
      hint: 'Check the permissions of its folder, and that it is no mount of its own.',
      operation: 'swap databases',
      cause,
    });
  }
}

/** What file systems say that have no second names for a file. */
const noLinks: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'];

function giveName(live: string, old: string): void {
  try {
    linkSync(live, old);
  } catch (error) {
    if (!noLinks.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    renameSync(live, old);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { bigint: true }));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

/** Must not be called for a database that this process has open: closing any descriptor of a file drops all POSIX locks on it. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const missing = (path: string): AppError =>
  new AppError('database-missing', {
    message: `There is no database file ${path} any more.`,
    hint: 'Look at the files of the folder: one was moved or removed by somebody else.',
    operation: 'swap databases',
  });

const taken = (path: string): AppError =>
  new AppError('object-exists', {
    message: `There is a file ${path} already, so that the old database cannot be called so.`,
    hint: 'Move or remove that file.',
    operation: 'swap databases',
  });

const inUse = (path: string, cause?: unknown): AppError =>
  new AppError('database-locked', {
    message: `The database file ${path} is open in another program, or in another job.`,
    hint: 'End what uses the database; it can be replaced then.',
    operation: 'swap databases',
    cause,
  });
