import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { quietContext } from '../../../test/conformance/transfer.ts';
import type { EngineTarget, ScratchDatabases } from '../engine.ts';
import { sqliteEngine } from './engine.ts';

const context = quietContext();
const scratch = sqliteEngine.scratch as ScratchDatabases;

describe('scratch databases of SQLite', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'pumphouse-scratch-'));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const fill = (path: string, word: string, mode = 'delete'): void => {
    const db = new Database(path);
    db.pragma(`journal_mode = ${mode}`);
    db.exec(`CREATE TABLE content AS SELECT '${word}' AS word`);
    db.close();
  };
  const holds = (path: string): unknown => {
    const db = new Database(path, { fileMustExist: true });
    try {
      return db.prepare('SELECT word FROM content').pluck().get();
    } finally {
      db.close();
    }
  };
  const pragma = (path: string, name: string): unknown => {
    const db = new Database(path, { fileMustExist: true });
    try {
      return db.pragma(name, { simple: true });
    } finally {
      db.close();
    }
  };
  const pathOf = (target: EngineTarget): string => String(target.path);
  let count = 0;
  /** A folder with a live database and one that is to take its place. */
  const stage = async (mode = 'delete') => {
    const folder = join(root, String(++count));
    mkdirSync(folder);
    const live = join(folder, 'shop.db');
    fill(live, 'live', mode);
    const target = sqliteEngine.parseUrl(`sqlite:${live}`);
    const fresh = await scratch.make(target, 'pumphouse_new_1', context);
    fill(pathOf(fresh), 'fresh', mode);
    return { folder, live, target, fresh, old: join(folder, 'pumphouse_old_1.db') };
  };
  const swap = ({ target, fresh }: Awaited<ReturnType<typeof stage>>, signal?: AbortSignal) =>
    scratch.swap(target, fresh, 'pumphouse_old_1', signal === undefined ? context : quietContext(signal));

  it('are like the one they are made from, beside it, and made once', async () => {
    const folder = join(root, 'likeness');
    mkdirSync(folder);
    const live = join(folder, 'shop.sqlite');
    const db = new Database(live);
    for (const setting of [
      `encoding = 'UTF-16le'`,
      'page_size = 8192',
      'auto_vacuum = 2',
      'journal_mode = WAL',
    ])
      db.pragma(setting);
    db.exec('CREATE TABLE t (a)');
    db.close();
    chmodSync(live, 0o640);
    // As people write it: the folder that the process works in.
    const target = sqliteEngine.parseUrl(`sqlite:${relative(process.cwd(), live)}`);
    const fresh = await scratch.make(target, 'pumphouse_scratch_1', context);
    assert.deepEqual(JSON.parse(JSON.stringify(fresh)), fresh);
    const path = join(folder, 'pumphouse_scratch_1.sqlite');
    assert.equal(pathOf(fresh), path);
    for (const name of ['encoding', 'page_size', 'auto_vacuum', 'journal_mode']) {
      assert.equal(pragma(path, name), pragma(live, name), name);
    }
    assert.equal(statSync(path).mode & 0o777, 0o640);
    fill(path, 'kept', 'wal');
    assert.deepEqual(await scratch.make(target, 'pumphouse_scratch_1', context), fresh);
    assert.equal(holds(path), 'kept');
    await scratch.drop(fresh, context);
    await scratch.drop(fresh, context);
    await assert.rejects(scratch.drop(target, context), { code: 'internal' });
    assert.deepEqual(readdirSync(folder), ['shop.sqlite']);
  });

  it('are made beside a database that is lost or damaged too', async () => {
    const folder = join(root, 'lost');
    mkdirSync(folder);
    const live = join(folder, 'shop.db');
    const fresh = await scratch.make({ path: live }, 'a', context);
    fill(pathOf(fresh), 'fresh');
    writeFileSync(live, 'no database, but long enough to be taken for one'.repeat(100));
    writeFileSync(`${live}-wal`, 'remains');
    await scratch.make({ path: live }, 'b', context);
    const old = await scratch.swap({ path: live }, fresh, 'old', context);
    assert.equal(holds(live), 'fresh');
    assert.ok(!existsSync(`${live}-wal`));
    await scratch.drop(old, context);
    assert.deepEqual(readdirSync(folder).sort(), ['b.db', 'shop.db']);
    await assert.rejects(scratch.make({ path: join(root, 'nowhere', 'shop.db') }, 'a', context), {
      code: 'database-missing',
    });
  });

  for (const mode of ['delete', 'wal']) {
    it(`take the place of another, in journal mode ${mode}, at whatever step a swap before was killed`, async () => {
      const killed: Readonly<Record<string, (files: Awaited<ReturnType<typeof stage>>) => void>> = {
        nowhere: () => {},
        'when the live one had its second name': ({ live, old }) => linkSync(live, old),
        'between two renames, where files have one name only': ({ live, old }) => renameSync(live, old),
        'when the mode was changed': ({ live }) => void pragma(live, 'journal_mode = delete'),
      };
      for (const [where, kill] of Object.entries(killed)) {
        const files = await stage(mode);
        kill(files);
        const result = await swap(files);
        assert.equal(pathOf(result), files.old, where);
        // And once more, since nobody noted that it was done.
        assert.deepEqual(await swap(files), result);
        assert.deepEqual([holds(files.live), holds(files.old)], ['fresh', 'live'], where);
        assert.equal(pragma(files.live, 'journal_mode'), mode);
        if (where === 'nowhere') assert.equal(pragma(files.old, 'journal_mode'), mode);
        assert.deepEqual(readdirSync(files.folder).sort(), ['pumphouse_old_1.db', 'shop.db'], where);
        await scratch.drop(result, context);
        assert.equal(holds(files.live), 'fresh');
      }
    });
  }

  it('carry what is in the write-ahead log', async () => {
    const files = await stage('wal');
    const writer = new Database(pathOf(files.fresh));
    writer.pragma('wal_autocheckpoint = 0');
    writer.exec(`UPDATE content SET word = 'late'`);
    assert.ok(statSync(`${pathOf(files.fresh)}-wal`).size > 0);
    setImmediate(() => writer.close());
    await swap(files);
    assert.equal(holds(files.live), 'late');
  });

  it('wait for who has the live one open, and stop waiting when nobody wants the result', async () => {
    for (const mode of ['delete', 'wal']) {
      const files = await stage(mode);
      const reader = new Database(files.live);
      reader.exec('BEGIN');
      reader.prepare('SELECT * FROM content').all();
      const controller = new AbortController();
      const waiting = assert.rejects(swap(files, controller.signal), { code: 'aborted' });
      controller.abort();
      await waiting;
      assert.deepEqual([holds(files.live), holds(pathOf(files.fresh))], ['live', 'fresh']);
      const swapping = swap(files);
      setImmediate(() => {
        reader.exec('COMMIT');
        if (mode === 'wal') reader.close();
      });
      await swapping;
      assert.deepEqual([holds(files.live), holds(files.old)], ['fresh', 'live']);
      if (mode === 'wal') continue;
      // A connection from before writes nowhere.
      assert.throws(() => reader.exec(`UPDATE content SET word = 'astray'`), {
        code: 'SQLITE_READONLY_DBMOVED',
      });
      reader.close();
    }
  });

  it('leave a symbolic link what it is', async () => {
    const files = await stage();
    const link = join(root, 'link.db');
    symlinkSync(relative(root, files.live), link);
    const old = await scratch.swap({ path: link }, files.fresh, 'pumphouse_old_1', context);
    assert.equal(pathOf(old), files.old);
    assert.deepEqual([holds(link), holds(files.live), holds(files.old)], ['fresh', 'fresh', 'live']);
  });

  it('refuse what would lose something', async () => {
    const files = await stage();
    fill(files.old, 'somebody’s');
    await assert.rejects(swap(files), { code: 'object-exists' });
    rmSync(files.old);
    rmSync(files.live);
    await assert.rejects(swap(files), { code: 'database-missing' });
    fill(files.live, 'live');
    await scratch.drop(files.fresh, context);
    await assert.rejects(swap(files), { code: 'database-missing' });
    assert.equal(holds(files.live), 'live');
    assert.ok(!existsSync(files.old));
  });
});
