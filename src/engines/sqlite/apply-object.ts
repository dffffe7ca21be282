import type { Database } from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import type { ApplyFailure } from '../engine.ts';
import { isFatal } from './classify.ts';

/**
 * The statements that an object of each type may be: a dump set may come from anywhere, and must not be able to attach other files or
 * to switch off protections. Each is prepared as one statement, so that nothing can hide behind it, or is matched as a whole.
 */
const allowed: Readonly<Record<string, RegExp>> = {
  TABLE: /^\s*CREATE\s+TABLE\b/i,
  'VIRTUAL TABLE': /^\s*CREATE\s+VIRTUAL\s+TABLE\b/i,
  INDEX: /^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\b/i,
  VIEW: /^\s*CREATE\s+VIEW\b/i,
  TRIGGER: /^\s*CREATE\s+TRIGGER\b/i,
  'SEQUENCE SET':
    /^DELETE FROM sqlite_sequence WHERE name = ('(?:[^'\0]|'')*');\nINSERT INTO sqlite_sequence\(name, seq\) VALUES \(\1, -?\d+\);$/,
  PRAGMA: /^PRAGMA (?:user_version|application_id) = -?\d+;$/,
  STATISTICS: /^ANALYZE;$/,
};

/** The types that are created under a name; the others set something. */
export const createdTypes: ReadonlySet<string> = new Set([
  'TABLE',
  'VIRTUAL TABLE',
  'INDEX',
  'VIEW',
  'TRIGGER',
]);

/** Runs the statements of one object; what fails is undone, and told. Throws errors that are not about the statement. */
export function applyObject(db: Database, object: DdlObject): ApplyFailure | null {
  const { type, schema, name, sql } = object;
  const refuse = (message: string): ApplyFailure => ({ object: { type, schema, name }, message });
  const pattern = allowed[type];
  if (pattern === undefined) return refuse(`SQLite has no objects of the type ${type}.`);
  if (!pattern.test(sql)) return refuse(`The statement is not one that makes an object of the type ${type}.`);
  db.exec('SAVEPOINT object');
  try {
    if (type === 'SEQUENCE SET') db.exec(sql);
    else runOne(db, sql);
    db.exec('RELEASE object');
    return null;
  } catch (error) {
    if (isFatal(error) || !db.inTransaction) throw error;
    db.exec('ROLLBACK TO object; RELEASE object');
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** ANALYZE and PRAGMA may give rows, which better-sqlite3 wants fetched. */
function runOne(db: Database, sql: string): void {
  const statement = db.prepare(sql);
  if (statement.reader) statement.all();
  else statement.run();
}
