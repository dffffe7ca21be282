import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry, Registry } from '../../src/registry/registry.ts';
import { rejects } from './job-store-fixture.ts';

/** A registry that a test may do with as it likes: empty, and its own. */
export interface RegistryUnderTest extends AsyncDisposable {
  readonly registry: Registry;
  now(): number;
}

/** Every promise of src/registry/registry.ts. */
export function registryConformance(name: string, open: () => Promise<RegistryUnderTest>): void {
  const database = { name: 'orders', engine: 'sqlite', sealedTarget: 'sealed', description: 'sqlite:/o.db' };
  const user = {
    name: 'scott',
    role: 'developer',
    passwordHash: '$argon2id$',
    databases: ['orders'],
  } as const;

  describe(`registry: ${name}`, () => {
    it('keeps databases, with uids from 1 that are never reused', async () => {
      await using store = await open();
      const { registry } = store;
      const first = await registry.addDatabase(database);
      assert.deepEqual(first, { ...database, uid: 1, createdAt: store.now() });
      assert.deepEqual(await registry.getDatabase('orders'), first);
      const second = await registry.addDatabase({ ...database, name: 'stock' });
      assert.equal(second.uid, 2);
      await registry.removeDatabase('stock');
      assert.equal((await registry.addDatabase({ ...database, name: 'stock' })).uid > 2, true);
    });

    it('refuses a name that is taken, and changes nothing', async () => {
      await using store = await open();
      const { registry } = store;
      const first = await registry.addDatabase(database);
      await rejects(registry.addDatabase({ ...database, engine: 'postgres' }), 'database-exists');
      assert.deepEqual(await registry.getDatabase('orders'), first);
      await registry.addDirectory({ name: 'D', url: 'file:///d' });
      await rejects(registry.addDirectory({ name: 'D', url: 'file:///e' }), 'directory-exists');
      await registry.addUser(user);
      await rejects(registry.addUser({ ...user, role: 'viewer' }), 'user-exists');
      assert.equal((await registry.getUser('scott'))?.role, 'developer');
    });

    it('compares names exactly', async () => {
      await using store = await open();
      const { registry } = store;
      await registry.addDatabase(database);
      assert.equal(await registry.getDatabase('Orders'), null);
      assert.equal(await registry.getDatabase("orders' or '1'='1"), null);
      await registry.addDatabase({ ...database, name: 'Orders' });
      await rejects(registry.removeDatabase('ORDERS'), 'database-unknown');
    });

    it('throws ...-unknown when what is to be removed is not there', async () => {
      await using store = await open();
      const { registry } = store;
      await rejects(registry.removeDatabase('x'), 'database-unknown');
      await rejects(registry.removeDirectory('x'), 'directory-unknown');
      await rejects(registry.removeUser('x'), 'user-unknown');
      await registry.addUser(user);
      await registry.removeUser('scott');
      assert.equal(await registry.getUser('scott'), null);
      await registry.addDirectory({ name: 'D', url: 'file:///d' });
      await registry.removeDirectory('D');
      assert.equal(await registry.getDirectory('D'), null);
    });

    it('orders lists by name', async () => {
      await using store = await open();
      const { registry } = store;
      for (const name of ['b', 'a', 'C', 'ä']) {
        await registry.addDatabase({ ...database, name });
        await registry.addDirectory({ name, url: 'file:///d' });
        await registry.addUser({ ...user, name });
      }
      const lists = [
        await registry.listDatabases(),
        await registry.listDirectories(),
        await registry.listUsers(),
      ];
      for (const list of lists) {
        assert.deepEqual(
          list.map((entry) => entry.name),
          ['C', 'a', 'b', 'ä'],
        );
      }
    });

    it('keeps users and directories as they were given', async () => {
      await using store = await open();
      const { registry } = store;
      assert.deepEqual(await registry.addUser(user), { ...user, createdAt: store.now() });
      assert.deepEqual(await registry.getUser('scott'), { ...user, createdAt: store.now() });
      const directory = await registry.addDirectory({ name: 'D', url: 'file:///var/d%C3%A9' });
      assert.deepEqual(await registry.getDirectory('D'), directory);
      assert.deepEqual(directory, { name: 'D', url: 'file:///var/d%C3%A9', createdAt: store.now() });
    });

    it('lists the audit trail newest first', async () => {
      await using store = await open();
      const { registry } = store;
      const entry = (n: number): AuditEntry => ({
        at: 1,
        caller: 'scott',
        action: 'export:start',
        subject: `job ${n}`,
        outcome: n % 2 ? 'refused' : 'allowed',
        requestId: `r${n}`,
      });
      for (const n of [1, 2, 3]) await registry.audit(entry(n));
      assert.deepEqual(await registry.listAudit(2), [entry(3), entry(2)]);
    });
  });
}
