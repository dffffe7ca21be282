import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '../../../core/errors.ts';
import { scramVerifier } from './scram-verifier.ts';

test('a verifier is what a server makes of the same password and salt', async () => {
  // Of RFC 7677, whose server key gives the signature of its example.
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  assert.equal(
    await scramVerifier('pencil', salt),
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
  assert.notEqual(await scramVerifier('pencil'), await scramVerifier('pencil'), 'a salt of its own');
});

test('a password that clients could read in two ways is refused, and not repeated', async () => {
  await assert.rejects(scramVerifier('caf\u00e9-secret'), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.field, 'user_password');
    return !error.message.includes('secret');
  });
});
