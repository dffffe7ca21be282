import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { compareDatabases } from './compare-databases.ts';
import { createSampleDatabase, defaultOrderItems } from './sample-database.ts';

describe('sample database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pumphouse-sample-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const make = (name: string, seed: number) => {
    const path = join(folder, name);
    return { path, made: createSampleDatabase(path, { seed, orderItems: 4_000 }) };
  };

  it('is big enough by default', () => {
    assert.ok(defaultOrderItems >= 500_000);
  });

  it('is whole, keeps its foreign keys, and says what is in it', () => {
    const { path, made } = make('whole.db', 1);
    const db = new Database(path, { readonly: true });
    try {
      assert.deepEqual(db.pragma('foreign_key_check'), []);
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
      assert.equal(db.prepare('SELECT count(*) FROM order_items').pluck().get(), 4_000);
      assert.ok(Number(db.prepare('SELECT count(*) FROM turnover').pluck().get()) > 50);
      assert.equal(made.tables, 6);
      assert.ok(made.rows > 5_000 && made.bytes > 100_000);
    } finally {
      db.close();
    }
  });

  it('is the same for the same seed, another for another', () => {
    const [one, same, other] = [make('one.db', 7), make('same.db', 7), make('other.db', 8)];
    assert.equal(compareDatabases(one.path, same.path).equal, true);
    assert.equal(compareDatabases(one.path, other.path).equal, false);
  });
});
