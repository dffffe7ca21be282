import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backup, BackupPolicy } from '../../src/core/backup.ts';
import type { BackupCatalogue } from '../../src/registry/backup-catalogue.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { rejects } from './job-store-fixture.ts';

export interface BackupsUnderTest extends AsyncDisposable {
  readonly backups: BackupCatalogue;
  readonly registry: Registry;
  now(): number;
}

const location = { type: 'url', url: 's3://bucket/b', credential: 'C' } as const;

const policy = (database: string, changes: Partial<BackupPolicy> = {}): BackupPolicy => ({
  database,
  location,
  encryptionKey: null,
  verify: 'digest',
  scratchDatabase: null,
  retention: {
    keepLast: 3,
    keepDaily: null,
    keepWeekly: null,
    keepMonthly: null,
    keepDays: null,
    timeZone: 'UTC',
  },
  schedule: null,
  threads: 2,
  owner: 'scott',
  updatedAt: 1,
  ...changes,
});

const record = { engine: 'sqlite', sealedTarget: 's', description: '' };
const second = Date.UTC(2026, 1, 13, 2, 18, 40);

/** Every promise of src/registry/backup-catalogue.ts. */
export function backupConformance(name: string, open: () => Promise<BackupsUnderTest>): void {
  const add = (backups: BackupCatalogue, jobId: string, changes: Partial<Backup> = {}): Promise<Backup> =>
    backups.addBackup({
      database: 'orders',
      engine: 'sqlite',
      jobId,
      location,
      encryptionKey: 'K',
      keepForever: false,
      startedAt: 7,
      ...changes,
    });

  describe(`backups: ${name}`, () => {
    it('keeps one policy per database, for as long as the database is there', async () => {
      await using store = await open();
      const { backups, registry } = store;
      await rejects(backups.putPolicy(policy('orders')), 'database-unknown');
      for (const database of ['stock', 'orders']) {
        await registry.addDatabase({ name: database, ...record });
        await backups.putPolicy(policy(database));
      }
      await backups.putPolicy(policy('orders', { threads: 4 }));
      assert.deepEqual(await backups.getPolicy('orders'), policy('orders', { threads: 4 }));
      assert.deepEqual(
        (await backups.listPolicies()).map(({ database }) => database),
        ['orders', 'stock'],
      );
      await add(backups, 'j');
      await registry.removeDatabase('orders');
      assert.equal(await backups.getPolicy('orders'), null);
      assert.equal((await backups.listBackups({})).length, 1, 'backups outlive their database');
      await backups.removePolicy('stock');
      await backups.removePolicy('stock');
      assert.deepEqual(await backups.listPolicies(), []);
    });

    it('adds one entry per job, numbered from 1', async () => {
      await using store = await open();
      const { backups } = store;
      const first = await add(backups, 'one');
      assert.deepEqual(first, {
        id: 1,
        database: 'orders',
        engine: 'sqlite',
        tag: null,
        state: 'running',
        jobId: 'one',
        location,
        filePattern: null,
        encryptionKey: 'K',
        keepForever: false,
        startedAt: 7,
        completedAt: null,
        bytes: null,
        rows: null,
        position: null,
        error: null,
        proofs: [],
        deletedAt: null,
        deletedReason: null,
      });
      assert.deepEqual(await add(backups, 'one', { startedAt: 99 }), first);
      assert.equal((await add(backups, 'two', { keepForever: true })).id, 2);
      assert.deepEqual(await backups.getBackup(1), first);
      assert.equal((await backups.backupOfJob('two'))?.keepForever, true);
      assert.equal(await backups.getBackup(3), null);
      assert.equal(await backups.backupOfJob('three'), null);
    });

    it('lists newest first, filtered', async () => {
      await using store = await open();
      const { backups } = store;
      for (const [jobId, database] of [
        ['a', 'orders'],
        ['b', 'stock'],
        ['c', 'orders'],
      ] as const) {
        await add(backups, jobId, { database });
      }
      await backups.changeBackup(1, ['running'], { state: 'failed', error: 'no room' });
      const ids = async (filter: Parameters<BackupCatalogue['listBackups']>[0]) =>
        (await backups.listBackups(filter)).map(({ id }) => id);
      assert.deepEqual(await ids({}), [3, 2, 1]);
      assert.deepEqual(await ids({ database: 'orders' }), [3, 1]);
      assert.deepEqual(await ids({ states: ['failed', 'deleted'] }), [1]);
      assert.deepEqual(await ids({ limit: 2 }), [3, 2]);
      assert.deepEqual(await ids({ states: [] }), []);
    });

    it('changes an entry only out of the states that are named', async () => {
      await using store = await open();
      const { backups } = store;
      await add(backups, 'a');
      const failed = await backups.changeBackup(1, ['running'], { state: 'failed', error: 'no room' });
      assert.deepEqual([failed?.state, failed?.error], ['failed', 'no room']);
      assert.equal(await backups.changeBackup(1, ['running', 'completed'], { state: 'deleting' }), null);
      assert.deepEqual(await backups.getBackup(1), failed);
      assert.equal(await backups.changeBackup(9, ['running'], { state: 'failed' }), null);
      const again = await backups.changeBackup(1, ['failed'], { state: 'running', error: null });
      assert.deepEqual([again?.state, again?.error], ['running', null]);
      const kept = await backups.changeBackup(1, ['running'], { keepForever: true, filePattern: 'set/' });
      assert.deepEqual([kept?.keepForever, kept?.filePattern, kept?.state], [true, 'set/', 'running']);
    });

    it('tags what completed with its second, each tag once in the database', async () => {
      await using store = await open();
      const { backups } = store;
      for (const jobId of ['a', 'b', 'c']) await add(backups, jobId);
      await add(backups, 'other', { database: 'stock' });
      const figures = { bytes: 3_000_000_000, rows: 5, position: '0/1A2B3C4' };
      const complete = async (id: number, completedAt = second) =>
        await backups.changeBackup(id, ['running'], { state: 'completed', completedAt, ...figures });
      assert.deepEqual(await complete(1), {
        ...(await backups.getBackup(1)),
        state: 'completed',
        tag: 'TAG20260213T021840',
        completedAt: second,
        ...figures,
      });
      const both = await Promise.all([complete(2, second + 999), complete(3)]);
      assert.deepEqual(both.map((backup) => backup?.tag).sort(), [
        'TAG20260213T021841',
        'TAG20260213T021842',
      ]);
      assert.equal((await complete(4))?.tag, 'TAG20260213T021840');
      const gone = await backups.changeBackup(1, ['completed'], {
        state: 'deleted',
        deletedAt: 9,
        deletedReason: 'asked for by ann',
      });
      assert.deepEqual(
        [gone?.tag, gone?.deletedAt, gone?.deletedReason],
        ['TAG20260213T021840', 9, 'asked for by ann'],
      );
    });

    it('keeps the proofs in order, one of each job', async () => {
      await using store = await open();
      const { backups } = store;
      await add(backups, 'a');
      const proof = (jobId: string, ok: boolean) =>
        ({ method: 'digest', at: 1, ok, message: 'compared', jobId }) as const;
      await backups.addProof(1, proof('x', false));
      await backups.addProof(1, proof('y', true));
      assert.deepEqual((await backups.addProof(1, proof('x', true))).proofs, [
        proof('y', true),
        proof('x', true),
      ]);
      await rejects(backups.addProof(2, proof('x', true)), 'backup-unknown');
    });
  });
}
