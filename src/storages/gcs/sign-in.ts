import type { StoragePlace } from '../storage.ts';
import { type GcsAddress, gcsAddress, invalid } from './address.ts';
import { type ServiceAccount, serviceAccount } from './service-account.ts';

/** Who sends the requests. */
export type GcsSignIn =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'account'; readonly account: ServiceAccount }
  /** The account of the key file that the environment names. */
  | { readonly kind: 'environment' }
  /** The account that the machine runs as. */
  | { readonly kind: 'instance' };

/** Where a place is and who enters it, checked. Throws `location-invalid`. */
export function gcsPlace(place: StoragePlace): { readonly address: GcsAddress; readonly signIn: GcsSignIn } {
  const address = gcsAddress(place);
  const signIn = signInOf(place);
  // A token is worth as much to whoever gets it: the machine's own go to Google alone, wherever a user's URL leads.
  if ((signIn.kind === 'environment' || signIn.kind === 'instance') && !address.isGoogles) {
    throw invalid(
      `The keys of the ${signIn.kind} are not sent to ${address.endpoint}, which is not Google's.`,
      'Use a credential with a secret for endpoints of your own.',
    );
  }
  return { address, signIn };
}

function signInOf({ credential, options: { keys } }: StoragePlace): GcsSignIn {
  if (credential?.secret != null) {
    if (keys !== undefined) {
      throw invalid(
        `The credential ${credential.name} has a secret, and its option keys says ${keys}.`,
        'Leave one of them out.',
      );
    }
    const where = `The secret of the credential ${credential.name}`;
    return { kind: 'account', account: serviceAccount(credential.secret.reveal(), where) };
  }
  if (keys === 'environment' || keys === 'instance') return { kind: keys };
  if (keys !== undefined) {
    throw invalid('The option keys has a value that it does not take.', 'It takes environment and instance.');
  }
  if (credential === null) return { kind: 'anonymous' };
  throw invalid(
    `The credential ${credential.name} has no secret.`,
    'Give the key file of a service account as its secret, or set the option keys to environment or instance.',
  );
}
