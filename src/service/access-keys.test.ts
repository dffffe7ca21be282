import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
  for (const name of ['ann', 'ben'])
    await fixture.service.addUser(fixture.as(localAdministrator), {
      name,
      role: 'developer',
      password: 'Lantern7',
      databases: ['orders'],
    });
});
after(() => fixture[Symbol.asyncDispose]());

const ann = callerOf('ann', 'developer', ['orders']);
const ben = callerOf('ben', 'developer', ['orders']);
const refused = {
  code: 'unauthenticated',
  message: 'The access key or the signature is wrong.',
};

test('a key signs for its user, with role and grants as they are now, until it is removed', async () => {
  const { service } = fixture;
  const { secret, ...view } = await service.addAccessKey(fixture.as(ann), 'ann');
  assert.match(view.id, /^[A-Z0-9]{20}$/);
  assert.match(secret, /^[A-Za-z0-9]{40}$/);
  assert.deepEqual([view.user, view.createdAt], ['ann', fixture.now]);
  assert.deepEqual(await service.listAccessKeys(fixture.as(ann), 'ann'), [view]);

  assert.deepEqual(await service.authenticateSignature(view.id, (known) => known === secret), ann);
  await assert.rejects(
    service.authenticateSignature(view.id, () => false),
    refused,
  );
  let tried = '';
  await assert.rejects(
    service.authenticateSignature('NOBODYNOBODYNOBODY00', (known) => {
      tried = known;
      return true;
    }),
    refused,
  );
  assert.equal(tried.length, 40, 'an unknown key costs as much as a wrong signature');

  await service.removeAccessKey(fixture.as(ann), view.id);
  await assert.rejects(
    service.authenticateSignature(view.id, () => true),
    refused,
  );
  await assert.rejects(service.removeAccessKey(fixture.as(ann), view.id), { code: 'access-key-unknown' });
});

test('the secret is sealed at rest, and opens after a rotation of the wallet', async () => {
  const { service } = fixture;
  const { id, secret } = await service.addAccessKey(fixture.as(localAdministrator), 'ben');
  const kept = async () =>
    Buffer.concat(
      await Promise.all(
        ['store.sqlite', 'store.sqlite-wal'].map((name) => readFile(join(fixture.folder, name))),
      ),
    );
  assert.ok((await kept()).includes(id));
  assert.ok(!(await kept()).includes(secret));
  await service.rotateWallet(fixture.as(localAdministrator));
  assert.deepEqual(await service.authenticateSignature(id, (known) => known === secret), ben);
  await service.removeAccessKey(fixture.as(ben), id);
});

test("others' keys are for those who manage users, and keys are for users", async () => {
  const { service } = fixture;
  const { id } = await service.addAccessKey(fixture.as(ann), 'ann');
  const forbidden = { code: 'forbidden' };
  await assert.rejects(service.addAccessKey(fixture.as(ben), 'ann'), forbidden);
  await assert.rejects(service.listAccessKeys(fixture.as(ben), 'ann'), forbidden);
  await assert.rejects(service.removeAccessKey(fixture.as(ben), id), forbidden);
  const unknown = { code: 'user-unknown' };
  await assert.rejects(service.addAccessKey(fixture.as(localAdministrator), 'nobody'), unknown);
  await assert.rejects(service.addAccessKey(fixture.as(localAdministrator), 'local'), unknown);
  await assert.rejects(service.listAccessKeys(fixture.as(localAdministrator), 'nobody'), unknown);
  const trail = await fixture.registry.listAudit(100);
  const told = trail.filter(({ action }) => action.startsWith('access-key:'));
  assert.ok(
    told.some(
      ({ action, outcome, subject }) =>
        action === 'access-key:add' && outcome === 'refused' && subject === 'ann',
    ),
  );
  assert.ok(
    told.some(
      ({ action, outcome, subject }) =>
        action === 'access-key:remove' && outcome === 'refused' && subject === id,
    ),
  );
});

test('keys go with their user', async () => {
  const { service } = fixture;
  const { id } = await service.addAccessKey(fixture.as(ann), 'ann');
  await service.removeUser(fixture.as(localAdministrator), 'ann');
  await assert.rejects(
    service.authenticateSignature(id, () => true),
    refused,
  );
  await service.addUser(fixture.as(localAdministrator), {
    name: 'ann',
    role: 'viewer',
    password: 'Lantern8',
  });
  assert.deepEqual(await service.listAccessKeys(fixture.as(localAdministrator), 'ann'), []);
});
