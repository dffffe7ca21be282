import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { fixtureToken, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { localAdministrator } from '../core/permission.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
  await addHarbor('Lantern7');
});
after(() => fixture[Symbol.asyncDispose]());

async function addHarbor(password: string): Promise<void> {
  await fixture.service.addUser(fixture.as(localAdministrator), {
    name: 'harbor',
    role: 'developer',
    password,
    databases: ['orders'],
  });
}

const refused = { code: 'unauthenticated', message: 'The user name or password is wrong.' };

test('the right password gives the caller, first and ever after', async () => {
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await fixture.service.authenticateUser('harbor', 'Lantern7'), {
      name: 'harbor',
      role: 'developer',
      databases: ['orders'],
    });
  }
});

test('a wrong password and an unknown user are refused in the same words', async () => {
  await fixture.service.authenticateUser('harbor', 'Lantern7');
  for (const [name, password] of [
    ['harbor', 'lantern7'],
    ['harbor', ''],
    ['Harbor', 'Lantern7'],
    ['nobody', 'Lantern7'],
    ['', ''],
    ['harbor\0Lantern7', ''],
  ] as const) {
    await assert.rejects(fixture.service.authenticateUser(name, password), refused);
  }
});

test('a burst of equal pairs all get in', async () => {
  fixture.now += 3_600_000;
  const callers = await Promise.all(
    Array.from({ length: 50 }, () => fixture.service.authenticateUser('harbor', 'Lantern7')),
  );
  assert.ok(callers.every(({ name }) => name === 'harbor'));
});

test('a remembered password ends with its user, also when one of that name comes back', async () => {
  await fixture.service.authenticateUser('harbor', 'Lantern7');
  await fixture.service.removeUser(fixture.as(localAdministrator), 'harbor');
  await assert.rejects(fixture.service.authenticateUser('harbor', 'Lantern7'), refused);
  await addHarbor('Beacon8');
  await assert.rejects(fixture.service.authenticateUser('harbor', 'Lantern7'), refused);
  await fixture.service.authenticateUser('harbor', 'Beacon8');
});

test('the local token is the local administrator, no other is anybody', async () => {
  assert.equal(await fixture.service.authenticateToken(fixtureToken), localAdministrator);
  for (const token of ['', 'x', `${fixtureToken}x`, fixtureToken.toUpperCase()]) {
    await assert.rejects(fixture.service.authenticateToken(token), {
      code: 'unauthenticated',
      message: 'The token is wrong.',
    });
  }
});
