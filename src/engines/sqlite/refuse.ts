import type { DdlObject } from '../../core/catalogue.ts';
import type { ApplyFailure } from '../engine.ts';
import { foldName, isInternalName, receiptTable } from './names.ts';
import { readStatementNames } from './statement-names.ts';

/** What makes an object of each type, as SQLite itself keeps it, and the word before its name. */
const made: Readonly<Record<string, readonly [pattern: RegExp, word: string]>> = {
  TABLE: [/^\s*CREATE\s+TABLE\b/i, 'TABLE'],
  'VIRTUAL TABLE': [/^\s*CREATE\s+VIRTUAL\s+TABLE\b/i, 'TABLE'],
  INDEX: [/^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\b/i, 'INDEX'],
  VIEW: [/^\s*CREATE\s+VIEW\b/i, 'VIEW'],
  TRIGGER: [/^\s*CREATE\s+TRIGGER\b/i, 'TRIGGER'],
};
/** What sets something, as a whole. */
const settings: Readonly<Record<string, RegExp>> = {
  'SEQUENCE SET':
    /^DELETE FROM sqlite_sequence WHERE name = ('(?:[^'\0]|'')*');\nINSERT INTO sqlite_sequence\(name, seq\) VALUES \(\1, -?\d+\);$/,
  PRAGMA: /^PRAGMA (?:user_version|application_id) = -?\d+;$/,
  STATISTICS: /^ANALYZE;$/,
};

/**
 * The objects that an import does not run: a dump set may come from anywhere, and must not be able to attach other files, to
 * switch off protections, or to make something else than it says. That what makes an object is one statement alone is
 * seen when it is prepared.
 */
export function refuseObjects(objects: readonly DdlObject[]): readonly ApplyFailure[] {
  return objects.flatMap((object) => {
    const message = refusalOf(object);
    const { type, schema, name } = object;
    return message === null ? [] : [{ object: { type, schema, name }, message }];
  });
}

/** A sentence that says what is wrong; null when the object may be run. */
export function refusalOf(object: DdlObject): string | null {
  const { type, sql } = object;
  const setting = settings[type];
  const [pattern, word = ''] = made[type] ?? [];
  if (setting === undefined && pattern === undefined) return `SQLite has no objects of the type ${type}.`;
  if (!(setting ?? pattern)?.test(sql)) {
    return `The statement is not one that makes an object of the type ${type}.`;
  }
  return setting === undefined ? refusalOfNames(object, word) : null;
}

function refusalOfNames({ name, table, sql }: DdlObject, word: string): string | null {
  const names = readStatementNames(sql, word);
  if (names === null || names.isQualified || foldName(names.name) !== foldName(name)) {
    return 'The statement makes something else than the object that the dump set names.';
  }
  if (table !== null && (names.on === null || foldName(names.on) !== foldName(table))) {
    return `The statement is about another table than ${table}.`;
  }
  if ([name, names.on ?? ''].some(isInternalName) || foldName(sql).includes(receiptTable)) {
    return 'Names like this are those of SQLite itself and of imports.';
  }
  return null;
}

/** The types that are created under a name; the others set something. */
export const createdTypes: ReadonlySet<string> = new Set(Object.keys(made));
