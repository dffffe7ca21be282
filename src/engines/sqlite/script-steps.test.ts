import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StepKind, TemporaryNames } from './script-kind.ts';
import { type ReadStep, readStep, readSteps } from './script-steps.ts';

describe('the steps of a script for SQLite', () => {
  const told = (script: string) =>
    readSteps(script).map(({ step: { line, title, text } }) => [line, title, text]);

  it('are its statements, with line and title', () => {
    assert.deepEqual(told(''), []);
    assert.deepEqual(told(' -- nothing;\n /* ; */ ;; /* open'), []);
    const trigger = `CREATE TEMP TRIGGER "t;" AFTER INSERT ON [a;b] BEGIN
  UPDATE t SET a = CASE WHEN 1 THEN 2 END; /* ; END; */ DELETE FROM t WHERE b = ';END;';
END`;
    assert.deepEqual(
      told(`-- größe;
INSERT INTO main.emp (id, note) VALUES (1, 'it''s; fine'); -- behind
;
/* a comment; */ UPDATE "Größe;" SET secret = 'x;y' WHERE id = 1;
${trigger}; SELECT \`a\`\`;\`, [b;], "c"";", x'00', 1.5e3, '' -- the end`),
      [
        [2, 'INSERT INTO main.emp', `INSERT INTO main.emp (id, note) VALUES (1, 'it''s; fine')`],
        [4, 'UPDATE "Größe;" SET secret', `UPDATE "Größe;" SET secret = 'x;y' WHERE id = 1`],
        [5, 'CREATE TEMP TRIGGER "t;" AFTER INSERT', trigger],
        [7, 'SELECT `a``;`', `SELECT \`a\`\`;\`, [b;], "c"";", x'00', 1.5e3, ''`],
      ],
    );
  });

  it('are whole transactions where the script has them', () => {
    const script = `BEGIN EXCLUSIVE; -- why
  INSERT INTO t VALUES (1) -- no semicolon here
  ; SAVEPOINT a;
  ROLLBACK TO a;
END TRANSACTION;
begin; DELETE FROM t; ROLLBACK; BEGIN IMMEDIATE; COMMIT`;
    const steps = readSteps(script);
    assert.deepEqual(
      steps.map(({ step, end, isExclusive, statements }) => [
        ...[step.line, step.title, end, isExclusive],
        statements.map(({ line }) => line),
      ]),
      [
        [1, 'BEGIN … COMMIT, 3 statements', 'COMMIT', true, [2, 3, 4]],
        [6, 'BEGIN … ROLLBACK, 1 statement', 'ROLLBACK', false, [6]],
        [6, 'BEGIN … COMMIT, 0 statements', 'COMMIT', false, []],
      ],
    );
    for (const read of steps) {
      const again = readStep(JSON.parse(JSON.stringify(read.step)));
      const shown = ({ isExclusive, end, statements }: ReadStep) => [
        isExclusive,
        end,
        statements.map(({ sql, line }) => [sql, line]),
      ];
      assert.deepEqual(shown(again), shown(read));
    }
  });

  it('are refused for what would leave the database, with the line', () => {
    const refused: Readonly<Record<string, RegExp>> = {
      "SELECT 1;\n\nSELECT 'open": /^Line 3: the quote that begins here is never closed\.$/,
      'SELECT [open': /never closed/,
      "SELECT 1;\n/**/ATTACH '/etc/x' AS x": /^Line 2: ATTACH is about other files than the database\.$/,
      'DETACH x': /^Line 1: DETACH is about other files/,
      "VACUUM main INTO '/tmp/x'": /VACUUM INTO writes another file/,
      'vacuum into x': /VACUUM INTO/,
      'PRAGMA writable_schema = 1': /PRAGMA writable_schema is not for scripts/,
      'PRAGMA main."writable_schema"(1)': /PRAGMA writable_schema is not for scripts/,
      "PRAGMA temp_store_directory = '/tmp'": /temp_store_directory/,
      'PRAGMA schema_version = 7': /schema_version/,
      'PRAGMA locking_mode = EXCLUSIVE': /locking_mode/,
      'BEGIN; PRAGMA trusted_schema = 1; COMMIT': /trusted_schema/,
      'PRAGMA journal_mode = OFF': /without a journal on the disk/,
      'PRAGMA journal_mode(memory)': /without a journal on the disk/,
      "SELECT load_extension('/tmp/x.so')": /load_extension brings a library/,
      'SELECT "LOAD_EXTENSION"(1)': /load_extension/,
      'DELETE FROM _pumphouse_receipt': /_pumphouse_receipt belongs to the jobs/,
      'DROP TABLE [_PUMPHOUSE_receipt]': /belongs to the jobs/,
      "DROP TABLE '_pumphouse_receipt'": /belongs to the jobs/,
      'SELECT 1;\n.shell id': /^Line 2: commands that begin with a dot/,
      'SELECT ?1': /no values for parameters/,
      'SELECT :a': /no values for parameters/,
      'SELECT $a': /no values for parameters/,
      'BEGIN; SELECT 1': /^Line 1: the transaction that begins here has no COMMIT\.$/,
      'BEGIN;\nBEGIN; COMMIT': /^Line 2: a transaction begins within another one\.$/,
      'SELECT 1; COMMIT': /COMMIT stands outside/,
      ROLLBACK: /ROLLBACK stands outside/,
      'SAVEPOINT a': /SAVEPOINT a stands outside/,
      'RELEASE a': /RELEASE a stands outside/,
      'CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1;':
        /^Line 1: the trigger that begins here has no END\.$/,
      'SELECT 1;\n\0SELECT 2': /^Line 2: there is a zero byte\.$/,
    };
    for (const [script, message] of Object.entries(refused)) {
      assert.throws(() => readSteps(script), { code: 'script-invalid', message }, script);
    }
  });

  it('are read in time, whatever the text', () => {
    const long = 1_000_000;
    for (const text of [
      "'".repeat(long),
      `/*${'*'.repeat(long)}`,
      `'${"''".repeat(long)}`,
      '['.repeat(long),
      `"${'a'.repeat(long)}`,
    ]) {
      try {
        readSteps(text);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'script-invalid');
      }
    }
    assert.equal(readSteps('SELECT 1;\n'.repeat(50_000)).at(-1)?.step.line, 50_000);
  });
});

describe('what stays of a step for SQLite', () => {
  const kinds = (script: string): readonly StepKind[] => {
    const names = new TemporaryNames();
    return readSteps(script).map((read) => {
      const kind = names.kindOf(read);
      names.learn(read);
      return kind;
    });
  };

  it('depends on what it writes', () => {
    for (const [kind, script] of [
      [
        'setting',
        'PRAGMA foreign_keys = ON; PRAGMA main.table_info(t); BEGIN; PRAGMA cache_size = 5; COMMIT',
      ],
      ['alone', 'VACUUM; PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint; PRAGMA optimize'],
      [
        'lasting',
        `PRAGMA user_version = 5; INSERT INTO t VALUES (1); SELECT 1; CREATE TABLE u (a); DROP TABLE u; ALTER TABLE t ADD b;
         WITH x AS (SELECT 1) REPLACE INTO t SELECT * FROM x; BEGIN; PRAGMA foreign_keys = ON; DELETE FROM t; COMMIT; REINDEX`,
      ],
    ] as const) {
      assert.deepEqual(new Set(kinds(script)), new Set([kind]), script);
    }
  });

  it('is nothing of temporary tables, for as long as they are there', () => {
    const [t, l] = ['temporary', 'lasting'];
    assert.deepEqual(
      kinds(`CREATE TEMP TABLE IF NOT EXISTS T (a); INSERT OR IGNORE INTO "t" VALUES (1); CREATE INDEX i ON t (a); UPDATE OR FAIL temp.t SET a = 1;
        INSERT INTO main.t VALUES (1); CREATE TABLE temp.[u v] AS SELECT 1; DELETE FROM 'u v'; WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x;
        INSERT INTO real SELECT * FROM t; ALTER TABLE t RENAME TO w; INSERT INTO t VALUES (1); INSERT INTO w VALUES (1); DROP TABLE IF EXISTS w;
        INSERT INTO w VALUES (1); BEGIN; CREATE TEMP TABLE z (a); ROLLBACK; INSERT INTO z VALUES (1);
        CREATE TEMP TRIGGER tr AFTER INSERT ON [u v] BEGIN DELETE FROM real; END; INSERT INTO [u v] VALUES (1)`),
      [t, t, t, t, l, t, t, t, l, t, l, t, t, l, t, l, t, l],
    );
  });
});
