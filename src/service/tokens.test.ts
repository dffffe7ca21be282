import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import { openWallet } from '../config/wallet.ts';
import { type Caller, localAdministrator } from '../core/permission.ts';
import { createService } from './create-service.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const api = 'harbour-api';
const wrong = { code: 'unauthenticated', message: 'The token is wrong, or not valid any more.' };
let users = 0;

/** A user of its own for each test, and a token that was made for it. */
async function newUser(ttlSeconds = 300): Promise<{ readonly caller: Caller; readonly token: string }> {
  users += 1;
  const name = `ann${users}@example.net`;
  await fixture.service.addUser(fixture.as(localAdministrator), {
    name,
    role: 'developer',
    password: 'Lantern7',
    databases: ['orders'],
  });
  const caller = await fixture.service.authenticateUser(name, 'Lantern7');
  const token = await fixture.service.issueToken(fixture.as(caller), { api, ttlSeconds });
  return { caller, token };
}

test('a token stands for its user, with role and grants, and for as long as was asked', async () => {
  const { caller, token } = await newUser(60);
  const { service } = fixture;
  assert.deepEqual(await service.authenticateJwt(token, api), caller);
  const { iat = 0, exp, sub, aud } = decodeJwt(token);
  assert.deepEqual([exp, sub, aud], [iat + 60, caller.name, api]);
  fixture.now += 59_000;
  assert.deepEqual(await service.authenticateJwt(token, api), caller);
  fixture.now += 2_000;
  await assert.rejects(service.authenticateJwt(token, api), {
    code: 'unauthenticated',
    message: 'The token has ended.',
  });
});

test('a token is known by every process with the wallet, and by no other API', async () => {
  const { caller, token } = await newUser();
  const wallet = await openWallet(`${fixture.folder}/wallet.key`, { key: null, previous: null });
  const other = createService({ ...fixture.dependencies, wallet });
  assert.deepEqual(await other.authenticateJwt(token, api), caller);
  await assert.rejects(fixture.service.authenticateJwt(token, 'other-api'), wrong);
});

test('a token ends with its user, also when another user of the name comes, and with the password', async () => {
  const { caller, token } = await newUser();
  const { service } = fixture;
  const administrator = () => fixture.as(localAdministrator);
  await service.removeUser(administrator(), caller.name);
  await assert.rejects(service.authenticateJwt(token, api), wrong);
  const again = { name: caller.name, role: 'viewer', password: 'Dovekie2' };
  await service.addUser(administrator(), again);
  await assert.rejects(service.authenticateJwt(token, api), wrong);
});

test('a rotation of the wallet ends tokens', async () => {
  const { token } = await newUser();
  await fixture.service.rotateWallet(fixture.as(localAdministrator));
  await assert.rejects(fixture.service.authenticateJwt(token, api), wrong);
});

test('nothing but what was signed here with HS256 is a token', async () => {
  const { caller, token } = await newUser();
  const [head = '', body = '', signature = ''] = token.split('.');
  const claims = decodeJwt(token);
  const forged = [
    '',
    'x',
    'a.b.c',
    `${head}.${body}.`,
    `${head}.${body}.${signature.slice(0, -2)}AA`,
    `${head}.${Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url')}.${signature}`,
    new UnsecuredJWT(claims).encode(),
    await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32, 1)),
    await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS512' })
      .sign(fixture.dependencies.wallet.deriveKey('access tokens')),
  ];
  for (const text of forged) await assert.rejects(fixture.service.authenticateJwt(text, api), wrong);
  const key = fixture.dependencies.wallet.deriveKey('access tokens');
  const { exp: _, ...endless } = claims;
  for (const incomplete of [
    endless,
    { ...claims, pwd: undefined },
    { ...claims, pwd: 'AAAA' },
    { ...claims, iss: 'x' },
  ]) {
    const signed = await new SignJWT(incomplete).setProtectedHeader({ alg: 'HS256' }).sign(key);
    await assert.rejects(fixture.service.authenticateJwt(signed, api), wrong);
  }
  assert.deepEqual(await fixture.service.authenticateJwt(token, api), caller);
});

test('a lifetime outside of a second to a day is refused, and so is a caller who is no user', async () => {
  const { caller } = await newUser();
  const { service, as } = fixture;
  for (const ttlSeconds of [0, -1, 86_401, 1.5, Number.NaN]) {
    await assert.rejects(service.issueToken(as(caller), { api, ttlSeconds }), {
      code: 'field-invalid',
      field: 'ttl',
    });
  }
  await service.issueToken(as(caller), { api, ttlSeconds: 86_400 });
  await assert.rejects(service.issueToken(as(localAdministrator), { api, ttlSeconds: 1 }), {
    code: 'forbidden',
  });
});

test('a token says nothing of the password', async () => {
  const { caller, token } = await newUser();
  const { passwordHash = '' } = (await fixture.registry.getUser(caller.name)) ?? {};
  const text = token
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    .join(' ');
  for (const part of ['Lantern7', ...passwordHash.split('$').slice(-2)]) assert.ok(!text.includes(part));
});
