import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { collect, oneChunk, quietContext, takeStock, writeUnitOf } from './transfer.ts';

/**
 * Work of a process of its own, which a test ends as it likes: `node sqlite-child.ts COMMAND PATH [PATH]`. Each prints lines on
 * standard output; what was printed has happened.
 */
const commands: Readonly<Record<string, (...paths: string[]) => Promise<void>>> = {
  /** Moves amounts between the tables `a` and `b` for ever, each move one transaction. */
  async move(path) {
    const db = new Database(path, { timeout: 60_000 });
    for (let i = 0; ; i++) {
      db.transaction(() => {
        db.prepare('UPDATE a SET v = v - ? WHERE id = ?').run(i % 10, (i % 100) + 1);
        db.prepare('UPDATE b SET v = v + ? WHERE id = ?').run(i % 10, (i % 70) + 1);
      }).immediate();
      if (i === 0) await print('moving');
      await sleep(0);
    }
  },
  /** Changes all rows of `a` in one transaction, which has gone to the file in part and is not committed. */
  async change(path) {
    const db = new Database(path);
    db.pragma('cache_size = 5');
    db.exec('BEGIN; UPDATE a SET v = v + 1000');
    await print('changed');
    await once(process, 'never');
  },
  /** Holds a snapshot. */
  async hold(path) {
    const context = quietContext();
    const source = await sqliteEngine.openSource({ path }, context);
    const snapshot = await source.begin(2, context);
    await print(`token ${snapshot.token}`);
    setInterval(() => snapshot.lanes, 1_000);
  },
  /** Imports a database unit by unit, as a job would that begins again after a crash. */
  async import(from, to) {
    const context = quietContext();
    await using source = await sqliteEngine.openSource({ path: from }, context);
    await using snapshot = await source.begin(1, context);
    const { catalogue, objects, units } = await takeStock(snapshot, 50_000);
    await using target = await sqliteEngine.openTarget({ path: to }, context);
    await target.begin('job', 1, context);
    const schedule = sqliteEngine.schedule(objects);
    assert.deepEqual((await target.apply('before', schedule.before, context)).failures, []);
    for (const unit of units) {
      const { bytes, summary } = await collect(snapshot, unit, 'text');
      const outcome = await target.write(writeUnitOf(unit, summary, 'text'), oneChunk(bytes), context);
      await print(`${outcome.alreadyApplied ? 'kept' : 'wrote'} ${unit.id}`);
    }
    for (const [key, arrays] of schedule.perTable) {
      for (const [i, array] of arrays.entries()) await target.apply(`${key} ${i}`, array, context);
    }
    await target.apply('after', schedule.after, context);
    assert.deepEqual(await target.finish(catalogue.tables, context), []);
    await print('finished');
  },
};

async function print(line: string): Promise<void> {
  await new Promise((written) => process.stdout.write(`${line}\n`, written));
}

const [command = '', ...paths] = process.argv.slice(2);
await commands[command]?.(...paths);
