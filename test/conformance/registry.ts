import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jobDatabaseName } from '../../src/core/job-database.ts';
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
  const credential = { name: 'C', owner: 'scott', type: 's3', sealedBody: 'sealed body' };
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
      assert.deepEqual(first, { ...database, shared: false, uid: 1, createdAt: store.now() });
      assert.deepEqual(await registry.getDatabase('orders'), first);
      const second = await registry.addDatabase({ ...database, name: 'stock' });
      assert.equal(second.uid, 2);
      await registry.removeDatabase('stock');
      assert.equal((await registry.addDatabase({ ...database, name: 'stock' })).uid > 2, true);
    });

    it('leads to a database in another way, under the name and uid that it has', async () => {
      await using store = await open();
      const { registry } = store;
      const first = await registry.addDatabase(database);
      const changed = { sealedTarget: 'sealed anew', description: 'postgres://else@host/orders' };
      const after = await registry.setDatabaseTarget(database.name, changed);
      assert.deepEqual(after, { ...first, ...changed });
      assert.deepEqual(await registry.getDatabase(database.name), after);
      await rejects(registry.setDatabaseTarget('nowhere', changed), 'database-unknown');
    });

    it('refuses a name that is taken, and changes nothing', async () => {
      await using store = await open();
      const { registry } = store;
      const first = await registry.addDatabase(database);
      await rejects(registry.addDatabase({ ...database, engine: 'postgres' }), 'database-exists');
      assert.deepEqual(await registry.getDatabase('orders'), first);
      await registry.addDirectory({ name: 'D', url: 'file:///d', credential: null });
      await rejects(
        registry.addDirectory({ name: 'D', url: 'file:///e', credential: null }),
        'directory-exists',
      );
      await registry.addUser(user);
      await rejects(registry.addUser({ ...user, role: 'viewer' }), 'user-exists');
      assert.equal((await registry.getUser('scott'))?.role, 'developer');
      await registry.addCredential(credential);
      await rejects(registry.addCredential({ ...credential, owner: 'ann' }), 'credential-exists');
      assert.equal((await registry.getCredential('C'))?.owner, 'scott');
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
      await rejects(registry.removeCredential('x'), 'credential-unknown');
      await registry.addUser(user);
      await registry.removeUser('scott');
      assert.equal(await registry.getUser('scott'), null);
      await registry.addDirectory({ name: 'D', url: 'file:///d', credential: null });
      await registry.removeDirectory('D');
      assert.equal(await registry.getDirectory('D'), null);
    });

    it('orders lists by name', async () => {
      await using store = await open();
      const { registry } = store;
      for (const name of ['b', 'a', 'C', 'ä']) {
        await registry.addDatabase({ ...database, name });
        await registry.addDirectory({ name, url: 'file:///d', credential: null });
        await registry.addUser({ ...user, name });
        await registry.addCredential({ ...credential, name });
      }
      const lists = [
        await registry.listDatabases(),
        await registry.listDirectories(),
        await registry.listUsers(),
        await registry.listCredentials(),
      ];
      for (const list of lists) {
        assert.deepEqual(
          list.map((entry) => entry.name),
          ['C', 'a', 'b', 'ä'],
        );
      }
    });

    it('keeps a credential as it was given, for as long as a directory has it', async () => {
      await using store = await open();
      const { registry } = store;
      const added = await registry.addCredential(credential);
      assert.deepEqual(added, { ...credential, createdAt: store.now() });
      assert.deepEqual(await registry.getCredential('C'), added);
      const directory = { name: 'D', url: 's3://b', credential: 'C' };
      await rejects(registry.addDirectory({ ...directory, credential: 'x' }), 'credential-unknown');
      assert.equal(await registry.getDirectory('D'), null);
      assert.equal((await registry.addDirectory(directory)).credential, 'C');
      assert.equal((await registry.getDirectory('D'))?.credential, 'C');
      const error = await rejects(registry.removeCredential('C'), 'credential-in-use');
      assert.match(error.message, /directory D uses credential C/);
      await registry.removeDirectory('D');
      await registry.removeCredential('C');
      assert.equal(await registry.getCredential('C'), null);
    });

    it('changes where a database is, and the role and password of a user, under their names', async () => {
      await using store = await open();
      const { registry } = store;
      const before = await registry.addDatabase(database);
      const change = { engine: 'postgres', sealedTarget: 'other', description: 'postgres://h/o' };
      assert.deepEqual(await registry.changeDatabase('orders', change), { ...before, ...change });
      assert.deepEqual(await registry.getDatabase('orders'), { ...before, ...change });
      await rejects(registry.changeDatabase('x', change), 'database-unknown');
      const known = await registry.addUser(user);
      const other = { role: 'viewer', passwordHash: 'h2', databases: [] } as const;
      assert.deepEqual(await registry.changeUser(user.name, other), { ...known, ...other });
      assert.deepEqual(await registry.getUser(user.name), { ...known, ...other });
      await rejects(registry.changeUser('x', other), 'user-unknown');
    });

    it('leaves the databases that jobs made for themselves out of the list', async () => {
      await using store = await open();
      const { registry } = store;
      const own = jobDatabaseName('j', 'scratch');
      await registry.addDatabase(database);
      const made = await registry.addDatabase({ ...database, name: own });
      assert.deepEqual(
        (await registry.listDatabases()).map(({ name }) => name),
        ['orders'],
      );
      assert.deepEqual(await registry.listJobDatabases(), [made]);
      assert.deepEqual(await registry.getDatabase(own), made);
      assert.equal(await registry.replaceSealed((sealed) => sealed), 2);
      await registry.removeDatabase(own);
      assert.equal(await registry.getDatabase(own), null);
    });

    it('replaces everything sealed, or nothing', async () => {
      await using store = await open();
      const { registry } = store;
      for (const name of ['a', 'b']) {
        await registry.addDatabase({ ...database, name, sealedTarget: `target of ${name}` });
        await registry.addCredential({ ...credential, name, sealedBody: `body of ${name}` });
        await registry.changeDocument({ api: 'x', database: name, key: 'k' }, () => `document of ${name}`);
      }
      const sealed = async () => [
        ...(await registry.listDatabases()).map(({ sealedTarget }) => sealedTarget),
        ...(await registry.listCredentials()).map(({ sealedBody }) => sealedBody),
        ...(await registry.listDocuments('x', 'k')).values(),
      ];
      const before = await sealed();
      let calls = 0;
      await assert.rejects(
        registry.replaceSealed((text) => {
          calls += 1;
          if (calls === before.length) throw new Error('no key for it');
          return `new ${text}`;
        }),
        /no key for it/,
      );
      assert.deepEqual(await sealed(), before);
      assert.equal(await registry.replaceSealed((text) => `new ${text}`), 6);
      assert.deepEqual(
        await sealed(),
        before.map((text) => `new ${text}`),
      );
    });

    it('keeps documents of APIs under api, database and key, and lists those of a key', async () => {
      await using store = await open();
      const { registry } = store;
      for (const name of ['a', 'b']) await registry.addDatabase({ ...database, name });
      const at = { api: 'x', database: 'a', key: 'k' };
      assert.equal(await registry.getDocument(at), null);
      const seen: (string | null)[] = [];
      const put = (address: typeof at, body: string | null) =>
        registry.changeDocument(address, (before) => {
          seen.push(before);
          return body;
        });
      assert.equal(await put(at, 'one'), 'one');
      await put(at, 'two');
      await put({ ...at, key: 'other' }, 'other key');
      await put({ ...at, api: 'y' }, 'other api');
      await put({ ...at, database: 'b' }, 'other database');
      assert.deepEqual(seen, [null, 'one', null, null, null]);
      assert.equal(await registry.getDocument(at), 'two');
      assert.deepEqual(
        [...(await registry.listDocuments('x', 'k'))],
        [
          ['a', 'two'],
          ['b', 'other database'],
        ],
      );
      assert.equal(await put(at, null), null);
      assert.equal(await registry.getDocument(at), null);
      await put(at, null);
      assert.deepEqual(seen.slice(5), ['two', null]);
      assert.equal(
        (await registry.listDocuments('x', 'k')).size,
        1,
        'removing what is not there leaves nothing',
      );
    });

    it('changes a document as one step, or not at all', async () => {
      await using store = await open();
      const { registry } = store;
      await registry.addDatabase(database);
      const at = { api: 'x', database: 'orders', key: 'k' };
      const longer = (body: string | null): string => `${body ?? ''}+`;
      await Promise.all(Array.from({ length: 20 }, () => registry.changeDocument(at, longer)));
      assert.equal(await registry.getDocument(at), '+'.repeat(20));
      const thrown = registry.changeDocument(at, () => {
        throw new Error('no');
      });
      await assert.rejects(thrown, /no/);
      await assert.rejects(
        registry.changeDocument({ ...at, key: 'new' }, () => {
          throw new Error('no');
        }),
      );
      assert.equal((await registry.listDocuments('x', 'new')).size, 0);
      assert.equal(await registry.getDocument(at), '+'.repeat(20));
      await rejects(registry.changeDocument({ ...at, database: 'x' }, longer), 'database-unknown');
    });

    it('removes the documents about a database with it', async () => {
      await using store = await open();
      const { registry } = store;
      await registry.addDatabase(database);
      const at = { api: 'x', database: 'orders', key: 'k' };
      await registry.changeDocument(at, () => 'settings');
      await registry.removeDatabase('orders');
      assert.equal((await registry.listDocuments('x', 'k')).size, 0);
      await registry.addDatabase(database);
      assert.equal(await registry.getDocument(at), null, 'another database of the name has none');
    });

    it('keeps users and directories as they were given', async () => {
      await using store = await open();
      const { registry } = store;
      assert.deepEqual(await registry.addUser(user), { ...user, createdAt: store.now() });
      assert.deepEqual(await registry.getUser('scott'), { ...user, createdAt: store.now() });
      const directory = await registry.addDirectory({
        name: 'D',
        url: 'file:///var/d%C3%A9',
        credential: null,
      });
      assert.deepEqual(await registry.getDirectory('D'), directory);
      assert.deepEqual(directory, {
        name: 'D',
        url: 'file:///var/d%C3%A9',
        credential: null,
        readOnly: false,
        shared: false,
        createdAt: store.now(),
      });
      const archive = { name: 'E', url: 'file:///e', credential: null, readOnly: true, shared: true };
      assert.deepEqual(await registry.addDirectory(archive), { ...archive, createdAt: store.now() });
      assert.equal((await registry.getDirectory('E'))?.readOnly, true);
      const mounted = await registry.addDatabase({ ...database, name: 'mounted', shared: true });
      assert.equal(mounted.shared, true);
      assert.deepEqual(await registry.getDatabase('mounted'), mounted);
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

    it('counts what was allowed in the audit trail, by how the action begins', async () => {
      await using store = await open();
      const { registry } = store;
      assert.deepEqual(await registry.countAudit(['user:'], 0), { count: 0, newestSeq: 0 });
      const entry = { at: 1, caller: 'scott', subject: 's', outcome: 'allowed', requestId: 'r' } as const;
      await registry.audit({ ...entry, action: 'user:add' });
      await registry.audit({ ...entry, action: 'database:add' });
      await registry.audit({ ...entry, action: 'user:add', outcome: 'refused' });
      await registry.audit({ ...entry, action: 'job:stop' });
      assert.deepEqual(await registry.countAudit(['user:', 'database:'], 0), { count: 2, newestSeq: 4 });
      assert.deepEqual(await registry.countAudit(['user:', 'database:'], 1), { count: 1, newestSeq: 4 });
      assert.deepEqual(await registry.countAudit(['user:'], 4), { count: 0, newestSeq: 4 });
    });
  });
}
