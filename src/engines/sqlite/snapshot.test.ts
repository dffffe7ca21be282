import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startChild } from '../../../test/conformance/child.ts';
import { collect, quietContext, takeStock } from '../../../test/conformance/transfer.ts';
import { AppError } from '../../core/errors.ts';
import type { Snapshot, Unit } from '../engine.ts';
import { sqliteEngine } from './engine.ts';

const child = new URL('../../../test/conformance/sqlite-child.ts', import.meta.url);
const context = quietContext();

// Side by side: some wait for seconds for a lock that they do not get.
describe('snapshots of SQLite', { concurrency: true }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pumphouse-snapshot-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  /** Two tables whose sum is 0 after every transaction of the child's `move`. */
  const accounts = (mode: string): string => {
    const path = join(folder, `${++count}.db`);
    const db = new Database(path);
    db.pragma(`journal_mode = ${mode}`);
    db.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, v INTEGER, pad TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, v INTEGER, pad TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
      INSERT INTO a SELECT i, 0, hex(zeroblob(100)) FROM n; INSERT INTO b SELECT * FROM a;`);
    db.close();
    return path;
  };
  const sumOf = async (snapshot: Snapshot, units: readonly Unit[], table: string): Promise<number> => {
    const unit = units.find((each) => each.table.name === table) as Unit;
    const { bytes } = await collect(snapshot, unit, 'text');
    const lines = bytes.toString().trimEnd().split('\n');
    return lines.reduce((sum, line) => sum + Number(line.split('\t')[1]), 0);
  };
  const change = (path: string): void => {
    const db = new Database(path, { timeout: 5_000 });
    db.exec('UPDATE a SET v = v + 1 WHERE id = 1; UPDATE b SET v = v - 1 WHERE id = 1');
    db.close();
  };
  const isLost = (error: unknown) => error instanceof AppError && error.code === 'snapshot-lost';

  for (const mode of ['wal', 'delete']) {
    it(`shows all lanes the same instant while somebody writes (${mode})`, async () => {
      const path = accounts(mode);
      await using writer = startChild(child, ['move', path]);
      await writer.line('moving');
      for (let round = 0; round < 8; round++) {
        await using source = await sqliteEngine.openSource({ path }, context);
        await using snapshot = await source.begin(2, context);
        assert.equal(snapshot.lanes, 2);
        const { units } = await takeStock(snapshot, 1e9);
        const [a, b] = await Promise.all([sumOf(snapshot, units, 'a'), sumOf(snapshot, units, 'b')]);
        assert.equal((a as number) + (b as number), 0);
      }
    });

    it(`can be joined after the process that took it was killed, as long as nobody writes (${mode})`, async () => {
      const path = accounts(mode);
      // In WAL mode with something in the log, which only a connection that stays open leaves there.
      const keeper = new Database(path);
      keeper.exec('UPDATE a SET v = 0 WHERE id = 7');
      const holder = startChild(child, ['hold', path]);
      const token = (await holder.line('token ')).slice('token '.length);
      await holder.kill();
      for (let round = 0; round < 2; round++) {
        await using source = await sqliteEngine.openSource({ path }, context);
        await using snapshot = await source.join(token, 2, context);
        const { units } = await takeStock(snapshot, 1e9);
        assert.equal(await sumOf(snapshot, units, 'a'), 0);
      }
      change(path);
      await using source = await sqliteEngine.openSource({ path }, context);
      await assert.rejects(source.join(token, 2, context), isLost);
      keeper.close();
    });
  }

  it('notices a change that comes right after the snapshot', async () => {
    for (let round = 0; round < 8; round++) {
      const path = accounts('wal');
      await using source = await sqliteEngine.openSource({ path }, context);
      const snapshot = await source.begin(1, context);
      change(path);
      await snapshot[Symbol.asyncDispose]();
      await assert.rejects(source.join(snapshot.token as string, 1, context), isLost);
    }
  });

  it('rolls back what a crashed writer left behind', async () => {
    const path = accounts('delete');
    const writer = startChild(child, ['change', path]);
    await writer.line('changed');
    await writer.kill();
    await using source = await sqliteEngine.openSource({ path }, context);
    await using snapshot = await source.begin(2, context);
    const { units } = await takeStock(snapshot, 1e9);
    assert.equal(await sumOf(snapshot, units, 'a'), 0);
  });

  it('works beside a long write that holds the lock, on one instant all the same', async () => {
    const path = accounts('wal');
    const writer = new Database(path);
    writer.exec('BEGIN IMMEDIATE; UPDATE a SET v = 5');
    try {
      await using source = await sqliteEngine.openSource({ path }, context);
      await using snapshot = await source.begin(2, context);
      const { units } = await takeStock(snapshot, 1e9);
      assert.equal(await sumOf(snapshot, units, 'a'), 0);
    } finally {
      writer.close();
    }
  });

  it('says database-locked when somebody locks readers out for long', async () => {
    const path = accounts('delete');
    const writer = new Database(path);
    writer.exec('BEGIN EXCLUSIVE');
    try {
      await assert.rejects(
        sqliteEngine.openSource({ path }, context),
        (error) => error instanceof AppError && error.code === 'database-locked',
      );
    } finally {
      writer.close();
    }
  });
});
