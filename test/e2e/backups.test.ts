import assert from 'node:assert/strict';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import { jobDatabaseName } from '../../src/core/job-database.ts';
import { localAdministrator } from '../../src/core/permission.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { makeJobDatabase } from '../../src/operations/scratch.ts';
import { sweepJobDatabases } from '../../src/operations/scratch-sweep.ts';
import type { StartOptions } from '../../src/service/start-input.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { createTestClock, openBackups } from '../harness/backups-fixture.ts';
import {
  backUp,
  damageBackup,
  entriesOf,
  itemsOf,
  logOf,
  makeShop,
  statesOf,
  typesOf,
  withShop,
} from '../harness/backups-shop.ts';
import { flipByte } from '../harness/damage.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { withFolder } from '../harness/with-folder.ts';

const options: StartOptions = { api: 'native' };
const day = 86_400_000;

test('a backup is proved by a restore, and comes back in place or elsewhere', () =>
  withFolder(async (folder) => {
    const clock = createTestClock(Date.parse('2026-02-13T02:18:40Z'));
    await using fixture = await openBackups({ folder, clock });
    const file = await makeShop(fixture, { verify: 'restore', threads: 2 });
    const job = await backUp(fixture);
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    const [backup] = await entriesOf(fixture);
    assert.ok(backup !== undefined);
    assert.match(backup.tag ?? '', /^TAG20260213T0218\d\d$/);
    assert.deepEqual([backup.state, backup.rows, backup.position], ['completed', 500, null]);
    assert.deepEqual(
      backup.proofs.map(({ method, ok, message }) => [method, ok, message]),
      [['restore', true, 'Restored: 1 table with 500 rows, as many as were saved.']],
    );
    assert.deepEqual(typesOf(fixture), ['backup.completed', 'backup.verified']);
    const children = await fixture.store.jobs.childJobs(job.id);
    assert.deepEqual(
      children.map(({ kind, parent }) => [kind, parent?.step]),
      [
        ['export', 'export'],
        ['backup_verify', 'verify'],
      ],
    );
    assert.match(children[0]?.name ?? '', /^BACKUP_shop_2026021302184\d$/);

    // In place: the registered URL leads to what was saved, and what was there before is kept under another name.
    withShop(file, (database) => database.exec('DELETE FROM item WHERE id > 100; CREATE TABLE later (a)'));
    const restored = await fixture.run((service, context) =>
      service.startRestore(
        context,
        { database: 'shop', choice: { type: 'latest' }, inPlace: true, keepOld: true },
        options,
      ),
    );
    assert.equal(restored.state, 'completed', JSON.stringify(restored.error));
    const result = restored.result as { readonly old: string; readonly rows: number };
    assert.equal(result.rows, 500);
    assert.equal(itemsOf(file), 500);
    assert.equal(itemsOf(result.old.replace('sqlite:', '')), 100);
    assert.deepEqual(
      withShop(file, (database) =>
        database.prepare("SELECT name FROM sqlite_schema WHERE name = 'later'").all(),
      ),
      [],
    );

    // Into another database, which must be empty.
    const copy = path.join(folder, 'copy.db');
    withShop(copy, (database) => database.exec('CREATE TABLE gone (a); DROP TABLE gone'));
    await fixture.service.addDatabase(fixture.context(), { name: 'copy', url: `sqlite:${copy}` });
    const into = await fixture.run((service, context) =>
      service.startRestore(
        context,
        { database: 'copy', from: 'shop', choice: { type: 'id', id: 1 } },
        options,
      ),
    );
    assert.equal(into.state, 'completed', JSON.stringify(into.error));
    assert.equal(itemsOf(copy), 500);
    assert.deepEqual(await fixture.store.registry.listJobDatabases(), []);
    assert.deepEqual(typesOf(fixture).slice(2), ['restore.completed', 'restore.completed']);
  }));

test('a damaged backup is found by its proof, and the one before it stays', () =>
  withFolder(async (folder) => {
    const clock = createTestClock(Date.parse('2026-02-13T02:18:40Z'));
    await using fixture = await openBackups({ folder, clock });
    const file = await makeShop(fixture, { verify: 'none', retention: { keepLast: 2 } });
    await backUp(fixture);
    clock.set(clock.now() + day);
    await backUp(fixture);
    await damageBackup(fixture, 2);
    for (const method of ['digest', 'restore'] as const) {
      const proof = await fixture.run((service, context) =>
        service.startBackupVerify(context, { backup: 2, method }, options),
      );
      assert.deepEqual([proof.state, proof.error?.code], ['failed', 'proof-failed']);
      assert.match(proof.error?.message ?? '', /^Backup 2 of shop \(TAG\w+\) is damaged: .*item/);
    }
    const [, damaged] = await entriesOf(fixture);
    assert.deepEqual(
      damaged?.proofs.map(({ method, ok }) => [method, ok]),
      [
        ['digest', false],
        ['restore', false],
      ],
    );
    assert.deepEqual(typesOf(fixture).slice(-2), ['backup.damaged', 'backup.damaged']);
    assert.deepEqual(await fixture.store.registry.listJobDatabases(), []);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('pumphouse_')),
      [],
    );

    // What is latest is the one before, which no rule removes while nothing after it is good.
    const { id } = await fixture.service.chooseBackup(fixture.context(), 'shop', { type: 'latest' });
    assert.equal(id, 1);
    assert.deepEqual((await fixture.service.planRetention(fixture.context(), 'shop')).remove, []);
    clock.set(clock.now() + day);
    await backUp(fixture);
    assert.deepEqual(await statesOf(fixture), ['completed', 'deleted', 'completed']);
    assert.match((await entriesOf(fixture))[1]?.deletedReason ?? '', /damaged/);
    assert.equal(itemsOf(file), 500);
  }));

test('a backup that does not pass its proof fails loudly, and removes nothing', () =>
  withFolder(async (folder) => {
    const disk = { spoils: false };
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async put(name, source, options, context) {
        const done = await storage.put(name, source, options, context);
        if (disk.spoils && name.includes('/data/')) await flipByte(path.join(folder, 'dumps', name));
        return done;
      },
    });
    await using fixture = await openBackups({ folder, wrapStorage });
    await makeShop(fixture, { retention: { keepLast: 1 } });
    await backUp(fixture);
    disk.spoils = true;
    const job = await backUp(fixture);
    assert.deepEqual([job.state, job.error?.code], ['failed', 'child-failed']);
    assert.match(job.error?.message ?? '', /is damaged: 1 of \d+ files are damaged: BACKUP_shop_/);
    assert.deepEqual(await statesOf(fixture), ['completed', 'completed']);
    assert.deepEqual(typesOf(fixture), [
      'backup.completed',
      'backup.verified',
      'backup.completed',
      'backup.damaged',
    ]);
  }));

test('a backup that fails says so, and goes on when its job is resumed', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    const file = await makeShop(fixture);
    await rename(file, `${file}.away`);
    const job = await backUp(fixture);
    assert.deepEqual([job.state, job.error?.code], ['failed', 'child-failed']);
    const [failed] = await entriesOf(fixture);
    assert.equal(failed?.state, 'failed');
    assert.match(failed?.error ?? '', /There is no database file/);
    assert.deepEqual(typesOf(fixture), ['backup.failed']);

    await rename(`${file}.away`, file);
    await fixture.service.resumeJob(fixture.context(), job.id);
    assert.equal((await fixture.settled(job.id)).state, 'completed');
    const [entry] = await entriesOf(fixture);
    assert.deepEqual([entry?.state, entry?.error, entry?.proofs.length], ['completed', null, 1]);
    assert.deepEqual(typesOf(fixture).slice(1), ['backup.completed', 'backup.verified']);
  }));

test('a cancelled backup leaves nothing but its entry, and a stopped one goes on', () =>
  withFolder(async (folder) => {
    const gate = Promise.withResolvers<void>();
    const reached = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let puts = 0;
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async put(name, source, options, context) {
        reached[puts]?.resolve();
        puts += 1;
        const stuck = new Promise<never>((_, reject) => {
          context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true });
        });
        await Promise.race([gate.promise, stuck]);
        return await storage.put(name, source, options, context);
      },
    });
    await using fixture = await openBackups({ folder, wrapStorage });
    await makeShop(fixture);
    const start = async () =>
      (await fixture.service.startBackup(fixture.context(), { database: 'shop' }, options)).job.id;
    const cancelled = await start();
    await reached[0]?.promise;
    await fixture.service.cancelJob(fixture.context(), cancelled);
    assert.equal((await fixture.settled(cancelled)).state, 'cancelled');
    const [entry] = await entriesOf(fixture);
    assert.deepEqual([entry?.state, entry?.error], ['failed', 'The job was cancelled.']);
    assert.deepEqual(await readdir(fixture.dumps), []);

    const stopped = await start();
    await reached[1]?.promise;
    await fixture.service.stopJob(fixture.context(), stopped);
    assert.equal((await fixture.settled(stopped)).state, 'stopped');
    gate.resolve();
    await fixture.service.resumeJob(fixture.context(), stopped);
    assert.equal((await fixture.settled(stopped)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['failed', 'completed']);
  }));

test('what a job starts has the rights that its owner has then', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    await makeShop(fixture, { verify: 'restore' });
    const { registry, jobs } = fixture.store;
    const ann = { name: 'ann', role: 'developer', databases: ['shop'] } as const;
    await registry.addUser({ ...ann, passwordHash: '' });
    const asAnn = { ...fixture.context(), caller: ann };
    const start = async () =>
      (await fixture.service.startBackup(asAnn, { database: 'shop' }, options)).job.id;

    // A developer has no grant on the database that the proof makes for itself; the import into it is let through.
    const done = await fixture.settled(await start());
    assert.equal(done.state, 'completed', JSON.stringify(done.error));
    const audit = await registry.listAudit(100);
    const own = audit.filter(({ requestId }) => requestId !== 'test');
    assert.ok(
      own.length > 0 && own.every(({ caller, outcome }) => caller === 'ann' && outcome === 'allowed'),
    );
    assert.ok(own.some(({ action, subject }) => action === 'import:start' && subject.startsWith('job:')));

    await registry.removeUser('ann');
    const refused = await fixture.settled(await start());
    assert.deepEqual([refused.state, refused.error?.code], ['failed', 'forbidden']);
    assert.match(
      refused.error?.message ?? '',
      /^The user ann, with whose rights the job BACKUP_\d+ works, was removed\.$/,
    );
    assert.equal((await statesOf(fixture)).at(-1), 'failed');
    assert.ok(
      (await jobs.listJobs({ limit: 100 })).every(({ owner }) =>
        ['ann', localAdministrator.name].includes(owner),
      ),
    );
  }));

test('nobody can name a database that a job made for itself', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    const file = await makeShop(fixture);
    const name = jobDatabaseName('0123456789', 'scratch');
    const { service, store } = fixture;
    const shop = await store.registry.getDatabase('shop');
    await store.registry.addDatabase({
      name,
      engine: 'sqlite',
      sealedTarget: shop?.sealedTarget ?? '',
      description: file,
    });
    const refused = { code: 'database-unknown' };
    await assert.rejects(
      service.startExport(fixture.context(), { database: name, mode: 'full' }, options),
      refused,
    );
    await assert.rejects(service.getDatabase(fixture.context(), name), refused);
    await assert.rejects(service.removeDatabase(fixture.context(), name), refused);
    assert.deepEqual(
      (await service.listDatabases(fixture.context())).map((database) => database.name),
      ['shop'],
    );
  }));

test('what does not come back whole is damaged, and takes no place', () =>
  withFolder(async (folder) => {
    // A database that loses a row between the import and the count.
    const engine: Engine = {
      ...sqliteEngine,
      async openSource(target, context) {
        const file = String(target.path);
        if (path.basename(file).startsWith('pumphouse_')) {
          withShop(file, (database) => database.exec('DELETE FROM item WHERE id = 1'));
        }
        return await sqliteEngine.openSource(target, context);
      },
    };
    await using fixture = await openBackups({ folder, engines: [engine] });
    const file = await makeShop(fixture, { verify: 'none' });
    await backUp(fixture);
    withShop(file, (database) => database.exec('DELETE FROM item WHERE id > 20'));
    const difference = /Table "main"."item" has 499 rows, and 500 were saved\./;

    const inPlace = { database: 'shop', choice: { type: 'id', id: 1 }, inPlace: true } as const;
    const restore = await fixture.run((service, context) => service.startRestore(context, inPlace, options));
    assert.equal(restore.state, 'failed');
    assert.match(restore.error?.message ?? '', difference);
    assert.equal(itemsOf(file), 20, 'the database is what it was');

    const proof = await fixture.run((service, context) =>
      service.startBackupVerify(context, { backup: 1, method: 'restore' }, options),
    );
    assert.equal(proof.error?.code, 'proof-failed');
    assert.match(proof.error?.message ?? '', difference);
    await fixture.run((service, context) =>
      service.startBackupVerify(context, { backup: 1, method: 'digest' }, options),
    );
    await assert.rejects(fixture.service.startRestore(fixture.context(), inPlace, options), {
      code: 'backup-state',
      message: difference,
    });
    assert.deepEqual(typesOf(fixture).slice(1), ['restore.failed', 'backup.damaged', 'backup.verified']);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('pumphouse_')),
      [],
    );
    assert.deepEqual(await fixture.store.registry.listJobDatabases(), []);
  }));

test('a proof that cannot be tried says nothing about the backup', () =>
  withFolder(async (folder) => {
    const { scratch } = sqliteEngine;
    assert.ok(scratch !== undefined);
    const make = async (): Promise<never> => {
      throw new AppError('database-privilege', { message: 'The user may not make databases.' });
    };
    await using fixture = await openBackups({
      folder,
      engines: [{ ...sqliteEngine, scratch: { ...scratch, make } }],
    });
    const file = await makeShop(fixture, { verify: 'restore', retention: { keepLast: 1 } });
    const job = await backUp(fixture);
    assert.deepEqual([job.state, job.error?.code], ['failed', 'child-failed']);
    assert.match(job.error?.message ?? '', /may not make databases/);
    const [backup] = await entriesOf(fixture);
    assert.deepEqual([backup?.state, backup?.proofs], ['completed', []]);

    const proof = await fixture.run((service, context) =>
      service.startBackupVerify(context, { backup: 1, method: 'restore' }, options),
    );
    assert.equal(proof.error?.code, 'database-privilege');
    const restore = await fixture.run((service, context) =>
      service.startRestore(context, { database: 'shop', choice: { type: 'latest' }, inPlace: true }, options),
    );
    assert.equal(restore.error?.code, 'database-privilege');
    assert.equal(itemsOf(file), 500);
    assert.deepEqual(typesOf(fixture), [
      'backup.completed',
      'backup.failed',
      'backup.failed',
      'restore.failed',
    ]);
  }));

test('databases of jobs that are over are dropped, but for one that may be in use by now', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    await makeShop(fixture, { verify: 'none' });
    const done = await backUp(fixture);
    const context = { ...recordingContext(), confirm: async () => undefined };
    const { parts, store } = fixture;
    const made = { like: 'shop', claims: 1 };
    for (const job of [done, { ...done, id: 'gone' }]) {
      await makeJobDatabase(parts, job, 'scratch', made, context);
      await makeJobDatabase(parts, job, 'new', made, context);
    }
    await sweepJobDatabases(parts, store.jobs, context);
    assert.deepEqual(await parts.jobDatabases.list(), [jobDatabaseName('gone', 'new')]);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('pumphouse_')),
      ['pumphouse_new_gone.db'],
    );
    assert.deepEqual(context.complaints(), ['a database that a restore had made was left behind']);
  }));

test('a restore in place that is cancelled has not happened, or has happened whole', () =>
  withFolder(async (folder) => {
    const { scratch } = sqliteEngine;
    assert.ok(scratch !== undefined);
    const reading = Promise.withResolvers<void>();
    const swapping = Promise.withResolvers<void>();
    let stuck: 'reading' | 'swapping' | null = null;
    const stuckUntil = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const engine: Engine = {
      ...sqliteEngine,
      scratch: {
        ...scratch,
        async swap(target, made, old, context) {
          if (stuck === 'swapping') {
            stuck = null;
            swapping.resolve();
            await stuckUntil(context.signal);
          }
          return await scratch.swap(target, made, old, context);
        },
      },
    };
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async *get(name, range, context) {
        if (stuck === 'reading' && name.includes('/data/')) {
          reading.resolve();
          await stuckUntil(context.signal);
        }
        yield* storage.get(name, range, context);
      },
    });
    await using fixture = await openBackups({ folder, engines: [engine], wrapStorage });
    const file = await makeShop(fixture, { verify: 'none' });
    await backUp(fixture);
    withShop(file, (database) => database.exec('DELETE FROM item WHERE id > 20'));
    const cancelAt = async (moment: Promise<void>) => {
      const choice = { type: 'latest' } as const;
      const asked = { database: 'shop', choice, inPlace: true };
      const { job } = await fixture.service.startRestore(fixture.context(), asked, options);
      await moment;
      await fixture.service.cancelJob(fixture.context(), job.id);
      assert.equal((await fixture.settled(job.id)).state, 'cancelled');
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name.startsWith('pumphouse_')),
        [],
      );
      assert.deepEqual(await fixture.store.registry.listJobDatabases(), []);
      return job.id;
    };

    stuck = 'reading';
    await cancelAt(reading.promise);
    assert.equal(itemsOf(file), 20, 'nothing has happened');
    stuck = 'swapping';
    const late = await cancelAt(swapping.promise);
    assert.equal(itemsOf(file), 500, 'the exchange was carried to its end');
    assert.ok(
      (await logOf(fixture, late)).includes('The cancel came too late: shop is the restored database.'),
    );
  }));
