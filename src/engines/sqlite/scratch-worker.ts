import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { sqliteCode } from './classify.ts';
import { patiently } from './patience.ts';
import { swapFiles } from './swap-files.ts';
import { answerCalls } from './worker-calls.ts';

const calls = {
  /** Gives the empty file `path` the settings of the database `like`, which need not be there; one that is not empty stays as it is. */
  make({ path, like }: { readonly path: string; readonly like: string }): void {
    if (statSync(path).size > 0) return;
    const settings = settingsOf(like);
    const db = new Database(path, { timeout: 0 });
    try {
      for (const setting of settings.beforeFirstPage) db.pragma(setting);
      // The first page is written with the first table.
      db.exec('CREATE TABLE first (a); DROP TABLE first; VACUUM');
      if (settings.isWal) db.pragma('journal_mode = WAL');
    } finally {
      db.close();
    }
  },
  swap: swapFiles,
  close(): void {},
};

export type ScratchCalls = typeof calls;

interface Settings {
  readonly beforeFirstPage: readonly string[];
  readonly isWal: boolean;
}

/** SQLite's defaults where there is no file, or one that cannot be read: a backup is tried beside it all the same. */
function settingsOf(path: string): Settings {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0)
    return { beforeFirstPage: [], isWal: false };
  const db = new Database(path, { timeout: 0 });
  try {
    const read = (name: string): string => String(patiently(() => db.pragma(name, { simple: true })));
    return {
      beforeFirstPage: [
        `encoding = '${read('encoding')}'`,
        `page_size = ${read('page_size')}`,
        `auto_vacuum = ${read('auto_vacuum')}`,
      ],
      isWal: read('journal_mode') === 'wal',
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { beforeFirstPage: [], isWal: false };
  } finally {
    db.close();
  }
}

const isDamage = (error: unknown): boolean => /^SQLITE_(?:NOTADB|CORRUPT)/.test(sqliteCode(error));

answerCalls(calls);
