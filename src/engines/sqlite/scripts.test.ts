import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { quietContext } from '../../../test/conformance/transfer.ts';
import type { Engine, ScriptOutcome, ScriptSession, ScriptStep } from '../engine.ts';
import { sqliteEngine } from './engine.ts';

const context = quietContext();

describe('scripts on SQLite', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pumphouse-scripts-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let count = 0;
  const database = (sql = ''): string => {
    const path = join(folder, `${++count}.db`);
    const db = new Database(path);
    db.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); ${sql}`);
    db.close();
    return path;
  };
  const open = async (path: string, jobId = 'job'): Promise<ScriptSession> => {
    const session = await (sqliteEngine.openScripts as NonNullable<Engine['openScripts']>)({ path }, context);
    await session.begin(jobId, context);
    return session;
  };
  const run = async (
    session: ScriptSession,
    script: string,
    signal?: AbortSignal,
  ): Promise<ScriptOutcome[]> => {
    const outcomes: ScriptOutcome[] = [];
    for (const [at, step] of (await session.steps(script)).entries()) {
      const call = signal === undefined ? context : quietContext(signal);
      outcomes.push(await session.run(`${at}`, JSON.parse(JSON.stringify(step)), call));
    }
    return outcomes;
  };
  const values = (path: string, query = 'SELECT a FROM t ORDER BY a'): unknown[] => {
    const db = new Database(path, { fileMustExist: true });
    try {
      return db.prepare(query).pluck().all();
    } finally {
      db.close();
    }
  };

  it('are run step by step, each once, and tell rows', async () => {
    const path = database();
    const script = `INSERT INTO t (a) VALUES (1), (2), (3), (4), (5); CREATE VIEW v AS SELECT 1;
      BEGIN; UPDATE t SET b = 'x' WHERE a < 3; DELETE FROM t WHERE a = 5; CREATE TABLE u (a); COMMIT;
      SELECT * FROM t; BEGIN; DELETE FROM t; ROLLBACK; INSERT INTO t VALUES (100, '') RETURNING a; VACUUM;
      PRAGMA user_version = 7; PRAGMA journal_mode = WAL;
      CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET b = CASE WHEN 1 THEN 'y' END WHERE a = new.a; END; INSERT INTO t (a) VALUES (101)`;
    const rows = [5, null, 3, 4, null, 1, null, null, null, null, 1];
    for (const alreadyApplied of [false, true]) {
      await using session = await open(path);
      const outcomes = await run(session, script);
      assert.deepEqual(
        outcomes,
        rows.map((each) => ({ alreadyApplied, rows: each })),
      );
    }
    assert.deepEqual(values(path), [1, 2, 3, 4, 100, 101]);
    assert.deepEqual(values(path, 'SELECT b FROM t WHERE a > 100'), ['y']);
    await using session = await open(path, 'other');
    await session.forget('job', context);
    await session.forget('job', context);
    // The table went with the last receipt of the other job.
    assert.deepEqual(await run(session, 'DELETE FROM u'), [{ alreadyApplied: false, rows: 0 }]);
    await session.forget('other', context);
    assert.deepEqual(values(path, `SELECT name FROM sqlite_schema WHERE name LIKE '%receipt'`), []);
    assert.deepEqual(values(path, 'PRAGMA user_version'), [7]);
  });

  it('name the line of a statement that SQLite refuses, undo its step alone, and go on there', async () => {
    const path = database('INSERT INTO t VALUES (1, NULL)');
    await using session = await open(path);
    for (const [script, code, message] of [
      ['\n\nSELEC 1', 'script-invalid', /^Line 3: near "SELEC": syntax error\.$/],
      [`SELECT 1;\nSELECT 1 'secret' 'word'`, 'script-invalid', /^Line 2: syntax error\.$/],
      ['SELECT (1', 'script-invalid', /^Line 1: incomplete input\.$/],
      ['SELECT 1 # 2', 'script-invalid', /^Line 1: unrecognized token\.$/],
      [
        "BEGIN; INSERT INTO t VALUES (7, '');\nINSERT INTO t VALUES (8, ''),\n (1, 'secret'); COMMIT",
        'script-failed',
        /^Line 2: UNIQUE constraint failed: t\.a\.$/,
      ],
      ['SELECT * FROM nowhere', 'script-failed', /^Line 1: no such table: nowhere\.$/],
      ['BEGIN; SELECT 1; VACUUM; COMMIT', 'script-failed', /cannot VACUUM from within a transaction/],
      ['INSERT OR ROLLBACK INTO t VALUES (1, 1)', 'script-failed', /UNIQUE/],
      [
        `PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = ''`,
        'script-invalid',
        /^Line 1: PRAGMA writable_schema/,
      ],
      [`UPDATE sqlite_schema SET sql = ''`, 'script-failed', /may not be modified/],
    ] as const) {
      await assert.rejects(run(session, script), (error: { code?: string; message?: string }) => {
        assert.equal(error.code, code, `${script}: ${error.message}`);
        assert.match(error.message ?? '', message);
        assert.doesNotMatch(error.message ?? '', /secret/);
        return true;
      });
    }
    assert.deepEqual(values(path), [1]);
    await run(session, 'INSERT INTO t VALUES (2, NULL)');
    assert.deepEqual(values(path), [1, 2]);
  });

  it('keep their settings, over a later connection too', async () => {
    const path = database('CREATE TABLE child (a REFERENCES t)');
    const script = `INSERT INTO child VALUES (99); DELETE FROM child; PRAGMA foreign_keys = ON; INSERT INTO t VALUES (1, ''); INSERT INTO child VALUES (1)`;
    for (const steps of [4, 5]) {
      await using session = await open(path);
      for (const [at, step] of (await session.steps(script)).slice(0, steps).entries()) {
        assert.equal(session.replays(step), at === 2);
        await session.run(at === 2 ? `${at}/${steps}` : `${at}`, step, context);
      }
      const [orphan] = await session.steps('INSERT INTO child VALUES (98)');
      await assert.rejects(session.run('orphan', orphan as ScriptStep, context), {
        message: /FOREIGN KEY constraint failed/,
      });
    }
    assert.deepEqual(values(path, 'SELECT a FROM child'), [1]);
  });

  it('make temporary tables again; but not without a word, once something came of them', async () => {
    const path = database(`INSERT INTO t VALUES (1, ''), (2, '')`);
    const script = `CREATE TEMP TABLE taken AS SELECT a FROM t; INSERT INTO taken VALUES (3); DELETE FROM t; INSERT INTO t (a) SELECT a + 10 FROM taken`;
    const upTo = async (steps: number): Promise<void> => {
      await using session = await open(path);
      for (const [at, step] of (await session.steps(script)).slice(0, steps).entries()) {
        assert.equal(session.replays(step), at < 2);
        await session.run(at < 2 ? `${at}/${Math.random()}` : `${at}`, step, context);
      }
    };
    await upTo(1);
    await upTo(2);
    await upTo(3);
    await assert.rejects(upTo(4), { code: 'script-uncertain', message: /^Line 1: .* temporary tables/ });
    await upTo(4);
    assert.deepEqual(values(path), [13]);
  });

  it('stop when nobody wants the result any more, and leave nothing', async () => {
    const path = database();
    await using session = await open(path);
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n';
    const controller = new AbortController();
    const stopped = assert.rejects(
      run(session, `BEGIN; INSERT INTO t VALUES (1, ''); ${endless}; COMMIT`, controller.signal),
      { code: 'aborted' },
    );
    setImmediate(() => controller.abort());
    await stopped;
    // The statement has ended, and what was before it is undone.
    await run(session, `INSERT INTO t VALUES (2, '')`);
    assert.deepEqual(values(path), [2]);
  });

  it('wait for others who write, and take effect once when two sessions run the same step', async () => {
    const path = database();
    const writer = new Database(path);
    writer.exec('BEGIN IMMEDIATE');
    const sessions = [];
    setImmediate(() => writer.exec('COMMIT'));
    for (let each = 0; each < 2; each++) sessions.push(await open(path));
    writer.exec('BEGIN IMMEDIATE');
    const both = Promise.all(sessions.map((session) => run(session, `INSERT INTO t (b) VALUES ('once')`)));
    setImmediate(() => writer.exec('COMMIT'));
    assert.deepEqual(
      (await both)
        .flat()
        .map(({ alreadyApplied }) => alreadyApplied)
        .sort(),
      [false, true],
    );
    writer.close();
    assert.deepEqual(values(path), [1]);
    for (const session of sessions) await session[Symbol.asyncDispose]();
  });
});
