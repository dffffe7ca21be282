import type { CredentialType } from '../storages/storage.ts';

/** What dump sets are encrypted with: the one kind of credential that belongs to no storage. */
const encryption: CredentialType = {
  id: 'encryption',
  idName: null,
  secretName: 'key or passphrase',
  needs: 'secret',
  options: [],
};

/** Every kind of credential that can be added. */
export const withEncryption = (ofStorages: readonly CredentialType[]): readonly CredentialType[] => [
  ...ofStorages,
  encryption,
];
