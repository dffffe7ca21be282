import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessKeys } from '../../src/registry/access-keys.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { rejects } from './job-store-fixture.ts';

export interface AccessKeysUnderTest extends AsyncDisposable {
  readonly accessKeys: AccessKeys;
  readonly registry: Registry;
  now(): number;
  advance(ms: number): void;
}

const key = (id: string, user = 'scott') => ({ id, user, sealedSecret: `sealed ${id}` });

/** Every promise of src/registry/access-keys.ts. */
export function accessKeyConformance(name: string, open: () => Promise<AccessKeysUnderTest>): void {
  const addUser = (registry: Registry, user: string) =>
    registry.addUser({ name: user, role: 'viewer', passwordHash: '$argon2id$', databases: [] });

  describe(`access keys: ${name}`, () => {
    it('belong to a user, and go with the user', async () => {
      await using store = await open();
      const { accessKeys, registry } = store;
      await rejects(accessKeys.addAccessKey(key('A')), 'user-unknown');
      for (const user of ['scott', 'ann']) await addUser(registry, user);
      const added = await accessKeys.addAccessKey(key('Z'));
      assert.deepEqual(added, { ...key('Z'), createdAt: store.now() });
      store.advance(1);
      await accessKeys.addAccessKey(key('A'));
      const other = await accessKeys.addAccessKey(key('B', 'ann'));
      assert.deepEqual(await accessKeys.getAccessKey('Z'), added);
      assert.equal(await accessKeys.getAccessKey('z'), null);
      assert.deepEqual(
        (await accessKeys.listAccessKeys('scott')).map(({ id }) => id),
        ['Z', 'A'],
      );
      await registry.removeUser('scott');
      assert.equal(await accessKeys.getAccessKey('Z'), null);
      assert.deepEqual(await accessKeys.listAccessKeys('scott'), []);
      assert.deepEqual(await accessKeys.listAccessKeys('ann'), [other]);
      await accessKeys.removeAccessKey('B');
      await rejects(accessKeys.removeAccessKey('B'), 'access-key-unknown');
    });

    it('are never two of one id', async () => {
      await using store = await open();
      const { accessKeys, registry } = store;
      await addUser(registry, 'scott');
      await accessKeys.addAccessKey(key('A'));
      await assert.rejects(accessKeys.addAccessKey({ ...key('A'), sealedSecret: 'another' }));
      assert.equal((await accessKeys.getAccessKey('A'))?.sealedSecret, 'sealed A');
    });

    it('are sealed again with everything else', async () => {
      await using store = await open();
      const { accessKeys, registry } = store;
      await addUser(registry, 'scott');
      for (const id of ['A', 'B']) await accessKeys.addAccessKey(key(id));
      const sealed = async () => (await accessKeys.listAccessKeys('scott')).map((each) => each.sealedSecret);
      await assert.rejects(
        registry.replaceSealed((text) => {
          if (text === 'sealed B') throw new Error('no key for it');
          return `new ${text}`;
        }),
      );
      assert.deepEqual(await sealed(), ['sealed A', 'sealed B']);
      assert.equal(await registry.replaceSealed((text) => `new ${text}`), 2);
      assert.deepEqual(await sealed(), ['new sealed A', 'new sealed B']);
    });
  });
}
