import SqliteDatabase, { type Database } from 'better-sqlite3';
import type { Finding } from '../../core/catalogue.ts';
import { applyObject } from './apply-object.ts';
import { readDdl } from './ddl.ts';
import { createdTypes } from './refuse.ts';

/** What would make the export of a database fail or surprise. */
export function sourceFindings(db: Database): readonly Finding[] {
  return [
    ...journalFinding(db),
    ...encodingFinding(db),
    ...virtualTableFindings(db),
    ...uncreatableFindings(db),
    ...hiddenRowidFindings(db),
  ];
}

function journalFinding(db: Database): readonly Finding[] {
  const mode = db.pragma('journal_mode', { simple: true });
  if (mode === 'wal') {
    return [
      {
        level: 'green',
        check: 'locks',
        message: 'The database is in WAL mode: writers go on during the export.',
        remedy: '',
      },
    ];
  }
  return [
    {
      level: 'amber',
      check: 'locks',
      message: `The database is in journal mode ${String(mode)}: who writes to it during the export waits, or is told that it is locked.`,
      remedy: 'Nothing to do if nobody writes meanwhile; else set PRAGMA journal_mode = WAL.',
    },
  ];
}

function encodingFinding(db: Database): readonly Finding[] {
  const encoding = String(db.pragma('encoding', { simple: true }));
  if (encoding === 'UTF-8') return [];
  return [
    {
      level: 'amber',
      check: 'encoding',
      message: `The database stores text as ${encoding}; the dump holds it as UTF-8, and an import uses the encoding of its target.`,
      remedy: `For the same encoding, create the target with PRAGMA encoding = '${encoding}' before the import.`,
    },
  ];
}

function virtualTableFindings(db: Database): readonly Finding[] {
  const names = db
    .prepare<[], string>(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' ORDER BY name`,
    )
    .pluck()
    .all();
  return names.map((name) => ({
    level: 'green',
    check: 'virtual-table',
    message: `The virtual table ${name} is carried with the tables ${name}_... that hold its content; select them together.`,
    remedy: '',
  }));
}

/** Tries every definition in a database in memory: some need modules, collations or functions that only their own program has. */
function uncreatableFindings(db: Database): readonly Finding[] {
  const trial = new SqliteDatabase(':memory:');
  try {
    return readDdl(db).flatMap((object): Finding[] => {
      const failure = createdTypes.has(object.type) ? applyObject(trial, object) : null;
      if (failure === null) return [];
      return [
        {
          level: 'amber',
          check: 'definition',
          message: `This SQLite cannot create the ${object.type.toLowerCase()} ${object.name}: ${failure.message}.`,
          remedy:
            'An import will report it as failed and go on; leave it out, or create it with the program that it belongs to.',
        },
      ];
    });
  } finally {
    trial.close();
  }
}

/** Tables with rowids of their own that have columns called rowid, _rowid_ and oid, none of them the rowid. */
function hiddenRowidFindings(db: Database): readonly Finding[] {
  const names = db
    .prepare<[], string>(
      `SELECT t.name FROM pragma_table_list t
       WHERE t.schema = 'main' AND t.type = 'table' AND t.wr = 0 AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         AND (SELECT count(*) FROM pragma_table_xinfo(t.name, 'main') c WHERE lower(c.name) IN ('rowid', '_rowid_', 'oid')) = 3
         AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(t.name, 'main') c WHERE c.pk > 0 AND upper(c.type) = 'INTEGER')`,
    )
    .pluck()
    .all();
  return names.map((name) => ({
    level: 'amber',
    check: 'rowid',
    message: `The rowids of the table ${name} cannot be read, since its columns have taken their names; an import numbers the rows anew.`,
    remedy: 'Nothing to do unless something refers to these rowids.',
  }));
}
