import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { startChild } from '../../../test/conformance/child.ts';
import { compareDatabases } from '../../../test/conformance/sqlite-harness.ts';
import { quietContext } from '../../../test/conformance/transfer.ts';
import { sqliteEngine } from './engine.ts';

const child = new URL('../../../test/conformance/sqlite-child.ts', import.meta.url);
const rows = 20_000;

describe('an import into SQLite that is killed', () => {
  for (const mode of ['delete', 'wal']) {
    it(`has every unit whole or not at all, and goes on from there (${mode})`, async (t) => {
      const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
      t.diagnostic(`SEED=${seed}`);
      const random = pseudoRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), 'pumphouse-crash-'));
      const [from, to] = [join(folder, 'from.db'), join(folder, 'to.db')];
      try {
        makeSource(from);
        const empty = new Database(to);
        empty.pragma(`journal_mode = ${mode}`);
        empty.close();
        const written = new Set<string>();
        for (let kills = 0; kills < 6; kills++) {
          const importer = startChild(child, ['import', from, to]);
          const first = await importer.line('');
          await sleep(Math.floor(random() * 120));
          await importer.kill();
          const { lines, errors } = await importer.end();
          assert.equal(errors, '');
          for (const line of [first, ...lines]) {
            const [verb, unit = ''] = line.split(' ');
            if (verb === 'wrote') written.add(unit);
          }
          await checkReceipts(to, written);
        }
        const { code, lines, errors } = await startChild(child, ['import', from, to]).end();
        assert.equal(code, 0, errors);
        for (const unit of written) assert.ok(lines.includes(`kept ${unit}`), `${unit} was done again`);
        const session = await sqliteEngine.openTarget({ path: to }, quietContext());
        await session.forget('job', quietContext());
        await session[Symbol.asyncDispose]();
        compareDatabases(from, to);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

/** The receipts account for every row, and there is one for each unit that the importer said was written. */
async function checkReceipts(path: string, written: ReadonlySet<string>): Promise<void> {
  const session = await sqliteEngine.openTarget({ path }, quietContext());
  await session.begin('job', 1, quietContext());
  const receipts = await session.receipts(quietContext());
  await session[Symbol.asyncDispose]();
  for (const unit of written) assert.ok(receipts.has(`unit ${unit}`), `no receipt for ${unit}`);
  const db = new Database(path, { readonly: true });
  const found = db
    .prepare<[], number>('SELECT (SELECT count(*) FROM big) + (SELECT count(*) FROM small)')
    .pluck()
    .get();
  db.close();
  assert.equal(
    found,
    [...receipts.values()].reduce((sum, unit) => sum + unit, 0),
  );
}

function makeSource(path: string): void {
  const db = new Database(path);
  db.exec(`CREATE TABLE big (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE small (a, b);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO big SELECT i * 3, 'row number ' || i || ' with some text to make it longer' FROM n;
    INSERT INTO small SELECT id, v FROM big LIMIT 50;
    CREATE INDEX big_v ON big (v); CREATE VIEW seen AS SELECT * FROM small;
    CREATE TRIGGER t AFTER INSERT ON big BEGIN INSERT INTO small VALUES (NEW.id, NEW.v); END;`);
  db.close();
}

/** Numbers from 0 to 1, the same for the same seed. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
