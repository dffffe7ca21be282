import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import type { StartOptions } from '../../src/service/start-input.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { openBackups } from '../harness/backups-fixture.ts';
import {
  backUp,
  entriesOf,
  itemsOf,
  logOf,
  makeShop,
  statesOf,
  typesOf,
  withShop,
} from '../harness/backups-shop.ts';
import { withFolder } from '../harness/with-folder.ts';

/* What removes backups, and what it leaves alone. */

const options: StartOptions = { api: 'native' };

test('what a failed backup has written goes when it is pruned', () =>
  withFolder(async (folder) => {
    const disk = { isFull: true };
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async put(name, source, options, context) {
        if (!disk.isFull || !name.endsWith('manifest.json')) {
          return await storage.put(name, source, options, context);
        }
        throw new AppError('storage-denied', { message: 'The quota is used up.' });
      },
    });
    await using fixture = await openBackups({ folder, wrapStorage });
    await makeShop(fixture, { retention: { keepLast: 1 } });
    const failed = await backUp(fixture);
    assert.equal(failed.state, 'failed');
    assert.equal((await readdir(fixture.dumps)).length, 1, 'a folder without a manifest');
    disk.isFull = false;
    const job = await backUp(fixture);
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    const [gone, present] = await entriesOf(fixture);
    assert.deepEqual([gone?.state, present?.state], ['deleted', 'completed']);
    assert.deepEqual(await readdir(fixture.dumps), [present?.filePattern]);
    assert.ok(
      (await logOf(fixture, job.id)).includes(`Backup 1 of shop is removed: ${gone?.deletedReason}.`),
    );
    // Its job can be resumed no more: there is nothing for it to go on with.
    await fixture.service.resumeJob(fixture.context(), failed.id);
    assert.equal((await fixture.settled(failed.id)).error?.code, 'backup-state');
    assert.deepEqual(await readdir(fixture.dumps), [present?.filePattern]);
  }));

test('sets that lost their head, or are gone, do not stand in the way of a removal', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    await makeShop(fixture, { verify: 'none' });
    for (let count = 0; count < 3; count += 1) await backUp(fixture);
    const [first, second] = (await entriesOf(fixture)).map(({ filePattern }) =>
      path.join(fixture.dumps, filePattern ?? ''),
    );
    await rm(path.join(first ?? '', 'manifest.json'));
    await rm(second ?? '', { recursive: true });
    const job = await fixture.run((service, context) =>
      service.startBackupDelete(context, { database: 'shop', backups: [1, 2, 3], force: true }, options),
    );
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    assert.deepEqual(await statesOf(fixture), ['deleted', 'deleted', 'deleted']);
    assert.deepEqual(await readdir(fixture.dumps), []);
    const log = await logOf(fixture, job.id);
    assert.ok(log.some((line) => line.includes('has no manifest that could be read; its folder')));
    assert.ok(log.some((line) => line.endsWith('its files had gone already.')));
  }));

test('a removal that fails is told of, and the next prune brings it to its end', () =>
  withFolder(async (folder) => {
    const place = { isReadOnly: true };
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async remove(name, context) {
        if (place.isReadOnly) throw new AppError('storage-denied', { message: 'Nothing is removed here.' });
        await storage.remove(name, context);
      },
    });
    await using fixture = await openBackups({ folder, wrapStorage });
    await makeShop(fixture, { verify: 'none', retention: { keepLast: 1 } });
    // An entry whose job is gone, and which says that it is running.
    await fixture.catalogue.addBackup({
      database: 'shop',
      engine: 'sqlite',
      jobId: 'gone',
      location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
      encryptionKey: null,
      keepForever: false,
      startedAt: fixture.clock.now(),
    });
    await backUp(fixture);
    assert.deepEqual(await statesOf(fixture), ['deleted', 'completed']);
    const [gone] = await entriesOf(fixture);
    assert.deepEqual(
      [gone?.error, gone?.deletedReason?.startsWith('retention: it failed')],
      ['Its job is gone.', true],
    );

    const job = await backUp(fixture);
    assert.deepEqual([job.state, job.error?.code], ['failed', 'child-failed']);
    assert.match(job.error?.message ?? '', /Nothing is removed here/);
    assert.deepEqual(await statesOf(fixture), ['deleted', 'deleting', 'completed']);
    assert.equal(typesOf(fixture).at(-1), 'backup.prune_failed');

    place.isReadOnly = false;
    assert.equal((await backUp(fixture)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['deleted', 'deleted', 'deleted', 'completed']);
    assert.equal((await readdir(fixture.dumps)).length, 1);
    // What is left of the job that failed finds nothing to do.
    await fixture.service.resumeJob(fixture.context(), job.id);
    assert.equal((await fixture.settled(job.id)).state, 'completed');
  }));

test('the rules of a database leave the backups alone that one of the same name had before', () =>
  withFolder(async (folder) => {
    await using fixture = await openBackups({ folder });
    const { service } = fixture;
    const policy = { verify: 'none', retention: { keepLast: 1 } } as const;
    const file = await makeShop(fixture, policy);
    await backUp(fixture);

    await service.removeDatabase(fixture.context(), 'shop');
    const other = path.join(folder, 'other.db');
    withShop(other, (database) => database.exec('CREATE TABLE other (a)'));
    await service.addDatabase(fixture.context(), { name: 'shop', url: `sqlite:${other}` });
    const location = { type: 'directory', directory: 'DATA_PUMP_DIR' } as const;
    await service.setBackupPolicy(fixture.context(), { database: 'shop', location, ...policy });
    for (let count = 0; count < 2; count += 1) assert.equal((await backUp(fixture)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['completed', 'deleted', 'completed']);
    const { keep, remove } = await service.planRetention(fixture.context(), 'shop');
    assert.deepEqual([keep.map(({ backup }) => backup.id), remove], [[3], []]);

    // Nothing of the other one's makes up for the last backup of this one; the other way round somebody asked for it.
    const removal = (id: number) =>
      fixture.run((service, context) =>
        service.startBackupDelete(context, { database: 'shop', backups: [id] }, options),
      );
    await assert.rejects(removal(3), { code: 'backup-state' });
    const lost = path.join(folder, 'lost.db');
    withShop(lost, (database) => database.exec('CREATE TABLE gone (a); DROP TABLE gone'));
    await service.addDatabase(fixture.context(), { name: 'lost', url: `sqlite:${lost}` });
    const restored = await fixture.run((service, context) =>
      service.startRestore(context, { database: 'lost', choice: { type: 'id', id: 1 } }, options),
    );
    assert.equal(restored.state, 'completed', JSON.stringify(restored.error));
    assert.equal(itemsOf(lost), itemsOf(file));
    assert.equal((await removal(1)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['deleted', 'deleted', 'completed']);
  }));

test('a backup that is being restored stays until that is done', () =>
  withFolder(async (folder) => {
    const [reading, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const wrapStorage = (storage: Storage): Storage => ({
      ...storage,
      async *get(name, range, context) {
        if (name.includes('/data/')) {
          reading.resolve();
          const aborted = new Promise<never>((_, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason), { once: true });
          });
          await Promise.race([gate.promise, aborted]);
        }
        yield* storage.get(name, range, context);
      },
    });
    await using fixture = await openBackups({ folder, wrapStorage });
    const file = await makeShop(fixture, { verify: 'none', retention: { keepLast: 1 } });
    await backUp(fixture);
    const { job: restore } = await fixture.service.startRestore(
      fixture.context(),
      { database: 'shop', choice: { type: 'latest' }, inPlace: true },
      options,
    );
    await reading.promise;
    withShop(file, (database) => database.exec('DELETE FROM item WHERE id > 20'));
    assert.equal((await backUp(fixture)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['completed', 'completed']);
    const [removal] = await fixture.store.jobs.listJobs({ kinds: ['backup_delete'], limit: 1 });
    const [first] = await entriesOf(fixture);
    assert.ok(
      (await logOf(fixture, removal?.id ?? '')).includes(
        `Backup 1 of shop (${first?.tag}) stays: the job ${restore.name} (restore) reads it.`,
      ),
    );

    gate.resolve();
    assert.equal((await fixture.settled(restore.id)).state, 'completed');
    assert.equal(itemsOf(file), 500);
    assert.equal((await backUp(fixture)).state, 'completed');
    assert.deepEqual(await statesOf(fixture), ['deleted', 'deleted', 'completed']);
  }));
