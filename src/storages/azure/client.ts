import type { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { NetworkAgents } from '../../network/network.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import type { StoragePlace } from '../storage.ts';
import { type AzureAddress, azureAddress, invalid } from './address.ts';
import { azureHttpClient } from './http-client.ts';
import { instanceToken } from './instance-token.ts';
import { type AzureSignIn, azureSignIn } from './sign-in.ts';

/** Connections to one account at once: each of the calls that the stack lets through may send several blocks. */
const maxSockets = 128;

/** A container and the connections to it. */
export interface AzureClient {
  readonly agents: NetworkAgents;
  /** Made on the first call: loading the library takes longer than starting does without it. */
  container(): Promise<ContainerClient>;
}

export const azureClients = createClientCache<AzureClient>(
  (place) => {
    const { address, signIn } = azurePlace(place);
    const agents = place.network.agents({ maxSockets, ca: null });
    let container: Promise<ContainerClient> | null = null;
    return {
      agents,
      container: () => {
        container ??= containerClient(address, signIn, agents);
        return container;
      },
    };
  },
  ({ agents }) => agents.destroy(),
);

/** Where a place is and who enters it, checked. Throws `location-invalid`. */
export function azurePlace(place: StoragePlace): {
  readonly address: AzureAddress;
  readonly signIn: AzureSignIn;
} {
  const signIn = azureSignIn(place);
  const known = 'account' in signIn ? signIn.account : null;
  const address = azureAddress(place, known);
  if (known !== null && address.account !== known) {
    throw invalid(
      `The location is at the account ${address.account}, and the key is one of the account ${known}.`,
      'Leave the option account out, or use the credential of that account.',
    );
  }
  // A token is worth as much to whoever gets it: the machine's own go to Azure alone, wherever a user's URL leads.
  if (place.options.keys !== undefined && !address.isMicrosofts) {
    throw invalid(
      `The keys of the ${place.options.keys} are not sent to ${address.endpoint}, which is not Azure's.`,
      'Use a credential with a secret for endpoints of your own.',
    );
  }
  return { address, signIn };
}

async function containerClient(
  address: AzureAddress,
  signIn: AzureSignIn,
  agents: NetworkAgents,
): Promise<ContainerClient> {
  const library = await import('@azure/storage-blob');
  const options = {
    httpClient: azureHttpClient(agents),
    // The stack's layers retry.
    retryOptions: { maxTries: 1 },
    userAgentOptions: { userAgentPrefix: 'pumphouse' },
  };
  const query = signIn.kind === 'sas' ? `?${signIn.token.reveal()}` : '';
  const credential = credentialOf(signIn, library.StorageSharedKeyCredential);
  const pipeline = library.newPipeline(credential ?? new library.AnonymousCredential(), options);
  return new library.ContainerClient(`${address.endpoint}/${address.container}${query}`, pipeline);
}

function credentialOf(
  signIn: AzureSignIn,
  SharedKey: typeof StorageSharedKeyCredential,
): StorageSharedKeyCredential | { getToken: typeof getToken } | null {
  if (signIn.kind === 'key') return new SharedKey(signIn.account, signIn.key.reveal());
  return signIn.kind === 'instance' ? { getToken } : null;
}

const getToken = (
  _scopes: string | string[],
  options?: { readonly abortSignal?: unknown },
): ReturnType<typeof instanceToken> => {
  const signal = options?.abortSignal;
  return instanceToken(signal instanceof AbortSignal ? signal : new AbortController().signal);
};
