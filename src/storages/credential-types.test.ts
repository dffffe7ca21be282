import assert from 'node:assert/strict';
import test from 'node:test';
import { credentialTypesOf } from './credential-types.ts';
import type { CredentialType, StorageDriver } from './storage.ts';

const driver = (scheme: string, options: readonly string[], type: CredentialType): StorageDriver => ({
  schemes: [scheme],
  example: `${scheme}://host`,
  options: options.map((name) => ({ name, help: `of ${scheme}` })),
  credentialTypes: [type],
  open() {
    throw new Error('Nothing is opened here.');
  },
});
const typeOf = (id: string, options: readonly string[]): CredentialType => ({
  id,
  idName: 'user',
  secretName: 'password',
  needs: 'secret',
  options: options.map((name) => ({ name, help: 'of the type' })),
});

test('a type has its own options and those of the places of all drivers that take it, each once', () => {
  const shared = typeOf('http', ['kind']);
  const types = credentialTypesOf([
    driver('webdav', ['depth'], shared),
    driver('s3', ['region'], typeOf('s3', ['keys', 'region'])),
    driver('https', ['agent', 'depth'], shared),
  ]);
  assert.deepEqual(
    types.map(({ id, options }) => [id, options.map(({ name, help }) => `${name} ${help}`)]),
    [
      ['http', ['depth of webdav', 'kind of the type', 'agent of https']],
      ['s3', ['region of s3', 'keys of the type']],
    ],
  );
});
