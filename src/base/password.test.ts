import assert from 'node:assert/strict';
import test from 'node:test';
import { hashPassword, unmatchableHash, verifyPassword } from './password.ts';

test('a password matches its own hash and no other', async () => {
  const hash = await hashPassword('tiger ü\u0000');
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.equal(await verifyPassword('tiger ü\u0000', hash), true);
  assert.equal(await verifyPassword('tiger ü', hash), false);
  assert.equal(await verifyPassword('', hash), false);
  assert.notEqual(await hashPassword('tiger ü\u0000'), hash);
});

test('a PHC string made elsewhere is understood', async () => {
  // From the tests of the reference implementation: password, somesalt, 2 passes, 64 MiB, 1 lane.
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(await verifyPassword('password', hash), true);
});

test('nothing matches the unmatchable hash, and what is no hash matches nothing', async () => {
  assert.equal(await verifyPassword('', unmatchableHash), false);
  for (const text of ['', 'password', '$argon2id$v=19$m=8,t=1,p=1$$', '$2b$10$abcdefghijklmnopqrstuv']) {
    assert.equal(await verifyPassword('password', text), false);
  }
});
