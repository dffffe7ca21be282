import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { oneChunk, quietContext } from '../../../test/conformance/transfer.ts';
import type { DdlObject } from '../../core/catalogue.ts';
import { AppError } from '../../core/errors.ts';
import type { WriteUnit } from '../engine.ts';
import { sqliteEngine } from './engine.ts';

const context = quietContext();
const isCode = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && message.test(error.message);
const object = (type: string, name: string, sql: string, table: string | null = null): DdlObject => ({
  section: 'pre',
  type,
  schema: 'main',
  name,
  table,
  owner: null,
  sql,
});
const unit = (table: string, columns: readonly string[], rows: number, key = 'unit'): WriteUnit => ({
  key,
  table: { schema: 'main', name: table },
  columns,
  encoding: 'text',
  variant: 'tagged',
  rows,
  wholeTable: true,
});

describe('SQLite as a target', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pumphouse-target-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  const open = async (sql = '') => {
    const path = join(folder, `${++count}.db`);
    const db = new Database(path);
    db.exec(sql);
    db.close();
    const session = await sqliteEngine.openTarget({ path }, context);
    await session.begin('job', 1, context);
    return { path, session };
  };
  const query = (path: string, sql: string): unknown[] => {
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare(sql).raw().all();
    } finally {
      db.close();
    }
  };

  it('says what is wrong with a path', async () => {
    mkdirSync(join(folder, 'a-folder'));
    writeFileSync(
      join(folder, 'text.db'),
      'This is a text and no database at all, however long one reads. '.repeat(20),
    );
    const cases = {
      'no/such/folder.db': isCode('database-missing', /no folder/),
      'a-folder': isCode('database-not-a-database', /not a file/),
      'text.db': isCode('database-not-a-database', /not an SQLite database/),
    };
    for (const [name, expected] of Object.entries(cases)) {
      await assert.rejects(sqliteEngine.openTarget({ path: join(folder, name) }, context), expected, name);
    }
    await assert.rejects(
      sqliteEngine.openSource({ path: join(folder, 'text.db') }, context),
      cases['text.db'],
    );
    await assert.rejects(
      sqliteEngine.openSource({ path: join(folder, 'a-folder') }, context),
      cases['a-folder'],
    );
  });

  it('runs only statements that make what the object says', async () => {
    const { path, session } = await open();
    const attached = join(folder, 'attached.db');
    const objects = [
      object('TABLE', 'a', `ATTACH '${attached}' AS x;`),
      object('TABLE', 'b', `CREATE TABLE b (a); ATTACH '${attached}' AS x;`),
      object('PRAGMA', 'c', 'PRAGMA writable_schema = 1;'),
      object('SEQUENCE SET', 'd', "DELETE FROM sqlite_sequence WHERE name = 'a';\nDROP TABLE a;"),
      object('INDEX', 'e', 'DROP TABLE f;'),
      object('POLICY', 'f', 'SELECT 1;'),
      object('VIEW', 'g', 'CREATE TEMP VIEW g AS SELECT 1;'),
    ];
    const { failures } = await session.apply('key', objects, context);
    await session[Symbol.asyncDispose]();
    assert.deepEqual(
      failures.map((failure) => failure.object.name),
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    );
    assert.deepEqual(query(path, `SELECT name FROM sqlite_schema WHERE name NOT LIKE '%receipt%'`), []);
  });

  it('names line and column of what does not fit, and never the value', async () => {
    const { session } = await open('CREATE TABLE t (a INTEGER, b REAL, c BLOB, d)');
    const bad = {
      'x\t1\t\\\\x\t1': /Line 2 .* column a .* integer/,
      '99999999999999999999\t1\t\\\\x\t1': /column a .* 64 bits/,
      '1\t0x10\t\\\\x\t1': /column b .* real/,
      '1\t\t\\\\x\t1': /column b .* real/,
      '1\t1\t\\\\xabc\t1': /column c .* hex/,
      '1\t1\tsecret\t1': /column c .* blob/,
      '1\t1\t\\\\x\t1\tiibq': /column d .* storage class/,
      '1\t1\t\\\\x\t1\tii': /2 storage classes for 4/,
      '1\t1': /2 fields for 4/,
      '1\t1\t\\\\x\t1\tiibi\t': /6 fields for 4/,
    };
    for (const [line, message] of Object.entries(bad)) {
      const bytes = Buffer.from(`1\t1\t\\\\x00\t1\n${line}\n`);
      const writing = session.write(unit('t', ['a', 'b', 'c', 'd'], 2), oneChunk(bytes), context);
      await assert.rejects(
        writing,
        (error) => isCode('database-statement', message)(error) && !/secret/.test(String(error)),
        line,
      );
    }
    const plain = { ...unit('t', ['a', 'd'], 1), variant: 'plain' };
    const tagged = session.write(plain, oneChunk(Buffer.from('1\t1\tit\n')), context);
    await assert.rejects(tagged, isCode('database-statement', /3 fields for 2/));
    const cut = session.write(unit('t', ['a'], 2), oneChunk(Buffer.from('1\n2')), context);
    await assert.rejects(cut, isCode('database-statement', /Line 2 .* no end/));
    const other = session.write(unit('t', ['nope'], 2), oneChunk(Buffer.from('1\n')), context);
    await assert.rejects(other, isCode('database-statement', /no column nope/));
    const missing = session.write(unit('gone', ['a'], 2), oneChunk(Buffer.from('1\n')), context);
    await assert.rejects(missing, isCode('database-statement', /no table gone/));
    await session[Symbol.asyncDispose]();
  });

  it('reports foreign keys that the rows violate', async () => {
    const { session } = await open(
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p)',
    );
    await session.write(unit('c', ['id', 'p'], 3), oneChunk(Buffer.from('1\t\\N\n2\t7\n3\t8\n')), context);
    const failures = await session.finish(
      [
        { schema: 'main', name: 'c' },
        { schema: 'main', name: 'p' },
      ],
      context,
    );
    await session[Symbol.asyncDispose]();
    assert.deepEqual(failures, [
      {
        object: { type: 'FK CONSTRAINT', schema: 'main', name: 'c' },
        message: '2 rows of c refer to rows of p that do not exist.',
      },
    ]);
  });

  it('takes turns with other sessions of this process, and waits for other writers', async () => {
    const { path, session } = await open('CREATE TABLE t (a INTEGER)');
    const second = await sqliteEngine.openTarget({ path }, context);
    await second.begin('other', 1, context);
    const outside = new Database(path);
    outside.exec('BEGIN IMMEDIATE');
    const line = Buffer.from('1\n');
    const writes = [session, second, session, second].map((each, i) =>
      each.write(unit('t', ['a'], 1, `unit ${i}`), oneChunk(line), context),
    );
    const controller = new AbortController();
    const impatient = session.apply('key', [], quietContext(controller.signal));
    controller.abort();
    await assert.rejects(impatient, (error) => error instanceof AppError && error.kind === 'aborted');
    outside.exec('ROLLBACK');
    outside.close();
    await Promise.all(writes);
    await Promise.all([session, second].map((each) => each[Symbol.asyncDispose]()));
    assert.deepEqual(query(path, 'SELECT count(*) FROM t'), [[4]]);
  });

  it('gives up a statement that takes long as soon as nobody wants it, and undoes it', async () => {
    const { path, session } = await open(`CREATE TABLE t (a TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO t SELECT hex(i * 7919 % 300007) FROM n`);
    const controller = new AbortController();
    const index = object('INDEX', 'i', 'CREATE INDEX i ON t (a);', 't');
    const applying = session.apply('key', [index], quietContext(controller.signal));
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(applying, (error) => error instanceof AppError && error.kind === 'aborted');
    assert.deepEqual(await session.receipts(context), new Map());
    await session[Symbol.asyncDispose]();
    assert.deepEqual(query(path, `SELECT name FROM sqlite_schema WHERE type = 'index' AND name = 'i'`), []);
  });

  it('hangs on no source: an abort ends a write whose bytes never come', async () => {
    const { session } = await open('CREATE TABLE t (a INTEGER)');
    const controller = new AbortController();
    const never = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1\n');
      await new Promise(() => {});
    })();
    const writing = session.write(unit('t', ['a'], 1), never, quietContext(controller.signal));
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(writing, (error) => error instanceof AppError && error.kind === 'aborted');
    await session.write(unit('t', ['a'], 1), oneChunk(Buffer.from('1\n')), context);
    await session[Symbol.asyncDispose]();
  });
});
