import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { openWallet } from '../config/wallet.ts';
import { localAdministrator } from '../core/permission.ts';
import type { Registry } from '../registry/registry.ts';
import { createService } from './create-service.ts';
import { finishKilledRotation } from './wallet.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const keyFile = () => join(fixture.folder, 'wallet.key');

/** Everything sealed, opened with the key that a new process would find. */
async function opened(registry: Registry): Promise<readonly string[]> {
  const wallet = await openWallet(keyFile(), { key: null, previous: null });
  return [
    ...(await registry.listDatabases()).map(({ sealedTarget }) => wallet.unseal(sealedTarget)),
    ...(await registry.listCredentials()).map(({ sealedBody }) => wallet.unseal(sealedBody)),
  ];
}

test('everything is sealed with a new key, the old one is gone, and the service goes on', async () => {
  const { service, registry } = fixture;
  await service.addCredential(administrator(), { name: 'key', type: 'encryption', secret: 'Puffin-1' });
  const [before, contents] = [await readFile(keyFile(), 'utf8'), await opened(registry)];
  assert.deepEqual(await service.rotateWallet(administrator()), { resealed: 3, keptIn: 'file' });
  const after = await readFile(keyFile(), 'utf8');
  assert.notEqual(after, before);
  assert.equal(after.trim().split('\n').length, 1);
  assert.deepEqual(await opened(registry), contents);
  // What the service sealed before, it still opens.
  await service.inspectDatabase(administrator(), 'orders');
});

test('what is sealed with the old key and comes late to the store is waited for', async () => {
  const { registry, as } = fixture;
  const wallet = await openWallet(keyFile(), { key: null, previous: null });
  const gate = Promise.withResolvers<void>();
  const slow: Registry = {
    ...registry,
    async addCredential(record) {
      await gate.promise;
      return await registry.addCredential(record);
    },
  };
  const service = createService({ ...fixture.dependencies, registry: slow, wallet });
  const adding = service.addCredential(as(localAdministrator), {
    name: 'late',
    type: 'encryption',
    secret: 'Dovekie-2',
  });
  const rotating = service.rotateWallet(as(localAdministrator));
  // Without the turn the exchange would be over by now, and the old key gone.
  await Promise.race([rotating, sleep(300)]);
  gate.resolve();
  await Promise.all([adding, rotating]);
  assert.match((await opened(registry)).join('\n'), /Dovekie-2/);
});

test('only administrators exchange it, and the trail says who did', async () => {
  const { service, registry } = fixture;
  const before = await readFile(keyFile(), 'utf8');
  for (const role of ['operator', 'developer', 'viewer'] as const) {
    await assert.rejects(service.rotateWallet(fixture.as(callerOf('ann', role))), { code: 'forbidden' });
  }
  assert.equal(await readFile(keyFile(), 'utf8'), before);
  const [last] = await registry.listAudit(1);
  assert.deepEqual([last?.action, last?.outcome], ['wallet:rotate', 'refused']);
});

test('an exchange that cannot be ended at start is told, and keeps the old keys', async () => {
  const wallet = await openWallet(keyFile(), { key: null, previous: null });
  await wallet.addKey();
  const told: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (text: string) => void told.push(text) };
  const failing = {
    replaceSealed: async () => {
      throw new Error('no key opens it');
    },
  };
  await finishKilledRotation(failing, wallet, log);
  assert.equal(told.length, 1);
  assert.equal(wallet.hasOldKeys, true);
  assert.equal((await readFile(keyFile(), 'utf8')).trim().split('\n').length, 2);
});
