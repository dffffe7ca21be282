import { AppError } from '../../core/errors.ts';
import { keyPrefixOf } from '../blocks/key-prefix.ts';
import type { StoragePlace } from '../storage.ts';

/** Where a container is, and what stands before every name in it. */
export interface AzureAddress {
  readonly container: string;
  /** '' or `a/b/`. */
  readonly prefix: string;
  /** Null when the endpoint says it all. */
  readonly account: string | null;
  /** Without slash at its end: `https://account.blob.core.windows.net`. */
  readonly endpoint: string;
  /** The endpoint is Microsoft's: what this machine has been trusted with may be sent there. */
  readonly isMicrosofts: boolean;
}

/** Of a container's name; the two with a dollar sign are Azure's own. */
const containerName = /^(\$root|\$web|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9])$/;
const accountName = /^[a-z0-9]{3,24}$/;
const microsoftHosts =
  /\.(blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|storage\.azure\.net)$/;

/** Reads a location's URL and options. Throws `location-invalid`. */
export function azureAddress({ url, options }: StoragePlace, knownAccount: string | null): AzureAddress {
  if (url.username + url.password !== '') {
    throw invalid(
      'The storage URL holds a user or a password.',
      'Put account and key into a credential (pumphouse credential add NAME --type azure).',
    );
  }
  const container = url.host;
  if (!containerName.test(container)) {
    throw invalid(
      `The storage URL names the container ${JSON.stringify(container)}, which cannot be one.`,
      'Containers have 3 to 63 lower-case letters, digits and single hyphens: az://container/prefix.',
    );
  }
  const account = options.account ?? knownAccount;
  if (account !== null && !accountName.test(account)) {
    // Not repeated: it may be the key, in the wrong place.
    throw invalid(
      'What is given as the storage account cannot be the name of one.',
      'Accounts have 3 to 24 lower-case letters and digits; their name is the id of the credential, and their key the secret.',
    );
  }
  const endpoint = endpointOf(options.endpoint ?? null, account);
  return {
    container,
    prefix: keyPrefixOf(url),
    account,
    endpoint: endpoint.href.replace(/\/$/, ''),
    isMicrosofts: endpoint.protocol === 'https:' && microsoftHosts.test(endpoint.hostname),
  };
}

function endpointOf(given: string | null, account: string | null): URL {
  if (given === null) {
    if (account !== null) return new URL(`https://${account}.blob.core.windows.net`);
    throw invalid(
      'The location names no storage account.',
      'Add it to the URL (az://container/prefix?account=NAME), or name a credential whose id is the account.',
    );
  }
  const url = URL.parse(given);
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === '';
  if (isPlain) return url;
  throw invalid(
    'The endpoint of the location is not a plain http: or https: URL.',
    'Write it as https://account.blob.example.net; a SAS token is the secret of a credential.',
  );
}

export const invalid = (message: string, hint: string): AppError =>
  new AppError('location-invalid', { message, hint });
