import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { classifySqlite, isFatal } from './classify.ts';

const sqliteError = (code: string) => new Database.SqliteError('what SQLite says', code);

describe('errors of SQLite', () => {
  const cases: Readonly<Record<string, { code: string; fatal: boolean }>> = {
    SQLITE_BUSY: { code: 'database-locked', fatal: true },
    SQLITE_BUSY_SNAPSHOT: { code: 'database-locked', fatal: true },
    SQLITE_LOCKED: { code: 'database-locked', fatal: true },
    SQLITE_PROTOCOL: { code: 'database-locked', fatal: true },
    SQLITE_NOTADB: { code: 'database-not-a-database', fatal: true },
    SQLITE_CORRUPT_INDEX: { code: 'database-not-a-database', fatal: true },
    SQLITE_CANTOPEN: { code: 'database-privilege', fatal: true },
    SQLITE_CANTOPEN_ISDIR: { code: 'database-privilege', fatal: true },
    SQLITE_READONLY_DIRECTORY: { code: 'database-privilege', fatal: true },
    SQLITE_PERM: { code: 'database-privilege', fatal: true },
    SQLITE_FULL: { code: 'database-full', fatal: true },
    SQLITE_NOMEM: { code: 'database-full', fatal: true },
    SQLITE_IOERR_WRITE: { code: 'database-unreachable', fatal: true },
    SQLITE_TOOBIG: { code: 'database-statement', fatal: false },
    SQLITE_ERROR: { code: 'database-statement', fatal: false },
    SQLITE_CONSTRAINT_UNIQUE: { code: 'database-statement', fatal: false },
    SQLITE_MISMATCH: { code: 'database-statement', fatal: false },
  };
  for (const [sqlite, { code, fatal }] of Object.entries(cases)) {
    it(`${sqlite} is ${code}${fatal ? ', and ends the work' : ''}`, () => {
      const error = classifySqlite(sqliteError(sqlite), 'test');
      assert.equal(error.code, code);
      assert.match(error.message, /what SQLite says/);
      assert.equal(error.context.sqlite, sqlite);
      assert.equal(isFatal(sqliteError(sqlite)), fatal);
    });
  }

  it('leaves other errors to the core', () => {
    const own = new AppError('rows-differ', { message: 'x' });
    assert.equal(classifySqlite(own, 'test'), own);
    assert.equal(classifySqlite(new DOMException('x', 'AbortError'), 'test').code, 'aborted');
    assert.equal(classifySqlite(new TypeError('x'), 'test').code, 'internal');
    assert.equal(isFatal(new TypeError('x')), false);
  });
});
