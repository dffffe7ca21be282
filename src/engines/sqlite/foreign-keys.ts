import type { Database } from 'better-sqlite3';
import type { ApplyFailure } from '../engine.ts';
import { mainSchema, quoteText } from './names.ts';

interface Violations {
  readonly parent: string;
  readonly rows: number;
}

/** The foreign keys of a table that its rows violate, each as one failure. */
export function checkForeignKeys(db: Database, table: string): readonly ApplyFailure[] {
  const failure = (message: string): ApplyFailure => ({
    object: { type: 'FK CONSTRAINT', schema: mainSchema, name: table },
    message,
  });
  try {
    return db
      .prepare<[], Violations>(
        `SELECT parent, count(*) AS rows FROM pragma_foreign_key_check(${quoteText(table)}, 'main') GROUP BY parent, fkid`,
      )
      .all()
      .map(({ parent, rows }) =>
        failure(`${rows} rows of ${table} refer to rows of ${parent} that do not exist.`),
      );
  } catch (error) {
    // Keys that do not fit each other ("foreign key mismatch") cannot be checked.
    return [failure(error instanceof Error ? error.message : String(error))];
  }
}
