import type { CredentialType } from '../storage.ts';

/** Declared by all drivers that speak HTTP to servers of any make. */
export const httpCredentialType: CredentialType = {
  id: 'http',
  idName: 'user name (kind password), or tenancy/user/fingerprint (kind oci)',
  secretName: 'password, bearer token, pre-authenticated URL or private key, by the kind',
  needs: 'secret',
  options: [
    {
      name: 'kind',
      help: 'What the secret is: password (the default), bearer, url (a pre-authenticated URL) or oci (an API signing key in PEM)',
      values: ['password', 'bearer', 'url', 'oci'],
    },
  ],
};
