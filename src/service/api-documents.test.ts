import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { openWallet } from '../config/wallet.ts';
import { localAdministrator } from '../core/permission.ts';
import type { Registry } from '../registry/registry.ts';
import { createService } from './create-service.ts';
import type { ApiDocument } from './service.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const address = { api: 'harbour-api', database: 'orders', key: 'settings' };
const operator = () => fixture.as(callerOf('olga', 'operator'));
const change = (to: (before: ApiDocument | null) => ApiDocument | null, at = address, by = operator()) =>
  fixture.service.changeApiDocument(by, at, 'settings:change', to);

test('a document comes back as it was put, changed by what stands there, and goes by null', async () => {
  const { service } = fixture;
  assert.equal(await service.apiDocument(operator(), address), null);
  const first = { backup: true, places: [{ secret: 'Puffin-1', n: 1.5 }], empty: null };
  assert.deepEqual(await change(() => first), first);
  assert.deepEqual(await service.apiDocument(operator(), address), first);
  await change((before) => ({ ...before, backup: false }));
  assert.deepEqual(await service.apiDocument(operator(), address), { ...first, backup: false });
  await change(() => ({ other: 1 }), { ...address, database: 'empty' });
  const all = await service.apiDocuments(operator(), address.api, address.key);
  assert.deepEqual([...all.keys()], ['empty', 'orders']);
  assert.equal(await change(() => null), null);
  assert.equal(await service.apiDocument(operator(), address), null);
});

test('at rest a document is sealed, and a rotation of the wallet seals it again', async () => {
  const { service, folder, registry } = fixture;
  await change(() => ({ password: 'Dovekie-2' }));
  const sealed = await registry.getDocument(address);
  assert.match(sealed ?? '', /^wallet1:/);
  for (const file of ['store.sqlite', 'store.sqlite-wal']) {
    assert.ok(!(await readFile(`${folder}/${file}`, 'latin1')).includes('Dovekie-2'), file);
  }
  await service.rotateWallet(fixture.as(localAdministrator));
  assert.notEqual(await registry.getDocument(address), sealed);
  assert.deepEqual(await service.apiDocument(operator(), address), { password: 'Dovekie-2' });
});

test('changes at the same time follow one another, also beside a rotation', async () => {
  await change(() => ({ count: 0 }));
  const plus = (before: ApiDocument | null) => ({ count: Number(before?.count) + 1 });
  const rotation = fixture.service.rotateWallet(fixture.as(localAdministrator));
  await Promise.all([...Array.from({ length: 20 }, () => change(plus)), rotation]);
  assert.deepEqual(await fixture.service.apiDocument(operator(), address), { count: 20 });
});

test('what is sealed with the old key and comes late to the store is waited for by a rotation', async () => {
  // Its key is exchanged behind the back of the service in it.
  await using own = await openServiceFixture();
  const { registry, dependencies, folder, as } = own;
  const keyFile = `${folder}/wallet.key`;
  const wallet = await openWallet(keyFile, { key: null, previous: null });
  const [sealed, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Registry = {
    ...registry,
    async changeDocument(at, to) {
      const after = to(await registry.getDocument(at));
      sealed.resolve();
      await gate.promise;
      return registry.changeDocument(at, () => after);
    },
  };
  const service = createService({ ...dependencies, registry: slow, wallet });
  const changing = service.changeApiDocument(as(localAdministrator), address, 'a', () => ({ late: true }));
  await sealed.promise;
  const rotating = service.rotateWallet(as(localAdministrator));
  // The rotation has every chance to come first.
  await new Promise((resolve) => setTimeout(resolve, 50));
  gate.resolve();
  await Promise.all([changing, rotating]);
  const next = await openWallet(keyFile, { key: null, previous: null });
  assert.deepEqual(JSON.parse(next.unseal((await registry.getDocument(address)) ?? '')), { late: true });
});

test('whoever may read the database reads, whoever may configure it changes, and the audit trail tells', async () => {
  const { service, registry, as } = fixture;
  await change(() => ({ a: 1 }));
  const viewer = as(callerOf('vera', 'viewer'));
  const stranger = as(callerOf('dan', 'developer', ['empty']));
  const granted = as(callerOf('dora', 'developer', ['orders']));
  assert.deepEqual(await service.apiDocument(viewer, address), { a: 1 });
  await assert.rejects(service.apiDocument(stranger, address), { code: 'forbidden' });
  assert.equal((await service.apiDocuments(stranger, address.api, address.key)).has('orders'), false);
  for (const context of [viewer, stranger]) {
    await assert.rejects(
      change(() => null, address, context),
      { code: 'forbidden' },
    );
    assert.deepEqual(await registry.listAudit(1), [
      {
        at: fixture.now,
        caller: context.caller.name,
        action: 'settings:change',
        subject: 'orders',
        outcome: 'refused',
        requestId: context.requestId,
      },
    ]);
  }
  await change(() => ({ a: 2 }), address, granted);
  assert.deepEqual(
    (await registry.listAudit(1)).map(({ caller, outcome }) => [caller, outcome]),
    [['dora', 'allowed']],
  );
});

test('a database that is not registered, and a document that is too large, are refused', async () => {
  const unknown = { ...address, database: 'none' };
  await assert.rejects(fixture.service.apiDocument(operator(), unknown), { code: 'database-unknown' });
  await assert.rejects(
    change(() => ({}), unknown),
    { code: 'database-unknown' },
  );
  await change(() => ({ text: 'x'.repeat(65_000) }));
  await assert.rejects(
    change(() => ({ text: 'x'.repeat(70_000) })),
    { code: 'body-too-large' },
  );
  assert.deepEqual(await fixture.service.apiDocument(operator(), address), { text: 'x'.repeat(65_000) });
});
