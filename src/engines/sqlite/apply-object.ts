import type { Database } from 'better-sqlite3';
import type { DdlObject } from '../../core/catalogue.ts';
import type { ApplyFailure } from '../engine.ts';
import { isFatal } from './classify.ts';
import { refusalOf } from './refuse.ts';

/** Runs the statements of one object, unless they may not be run; what fails is undone, and told. Throws errors that are not about the statement. */
export function applyObject(db: Database, object: DdlObject): ApplyFailure | null {
  const { type, schema, name, sql } = object;
  const refuse = (message: string): ApplyFailure => ({ object: { type, schema, name }, message });
  const refusal = refusalOf(object);
  if (refusal !== null) return refuse(refusal);
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
