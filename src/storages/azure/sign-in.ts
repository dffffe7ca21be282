import { Secret } from '../../base/secret.ts';
import type { StoragePlace } from '../storage.ts';
import { invalid } from './address.ts';

/** How requests show who sends them. */
export type AzureSignIn =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'key'; readonly account: string; readonly key: Secret }
  | { readonly kind: 'sas'; readonly account: string | null; readonly token: Secret }
  /** The managed identity of the machine. */
  | { readonly kind: 'instance' };

/** What a place's credential, or by its option `keys` the environment, holds. Throws `location-invalid`. */
export function azureSignIn(place: StoragePlace, environment: NodeJS.ProcessEnv = process.env): AzureSignIn {
  const { credential, options } = place;
  const keys = options.keys;
  if (keys !== undefined && keys !== 'environment' && keys !== 'instance') {
    throw invalid('The option keys has a value that it does not take.', 'It takes environment and instance.');
  }
  const secret = credential?.secret ?? null;
  if (secret !== null && keys !== undefined) {
    throw invalid(
      `The credential ${credential?.name} has a secret, and its option keys says ${keys}.`,
      'Leave one of them out.',
    );
  }
  if (secret !== null) return signInWith(secret, credential?.id ?? options.account ?? null, options.kind);
  if (keys === 'instance') return { kind: 'instance' };
  if (keys === 'environment') return fromEnvironment(environment);
  if (credential === null) return { kind: 'anonymous' };
  throw invalid(
    `The credential ${credential.name} has no secret.`,
    'Give the account key or a SAS token as its secret, or set the option keys to environment or instance.',
  );
}

function signInWith(secret: Secret, account: string | null, kind: string | undefined): AzureSignIn {
  if (kind !== undefined && kind !== 'key' && kind !== 'sas') {
    throw invalid('The option kind has a value that it does not take.', 'It takes key and sas.');
  }
  const text = secret.reveal().trim();
  if (/^https?:\/\/|(^|;)AccountKey=/i.test(text)) {
    throw invalid(
      'The secret of the credential is a whole URL or connection string.',
      'Give only the part of it that counts: the account key (behind AccountKey=), or the SAS token (behind the question mark).',
    );
  }
  // The signature is what makes a SAS token; an account key is Base64, where & does not occur.
  const isSas = kind === 'sas' || (kind === undefined && /(^|[?&])sig=/.test(text));
  if (isSas) return { kind: 'sas', account, token: new Secret(text.replace(/^\?/, '')) };
  if (account !== null) return { kind: 'key', account, key: new Secret(text) };
  throw invalid(
    'The credential holds an account key without the name of its account.',
    'Give the account as the id of the credential.',
  );
}

function fromEnvironment(environment: NodeJS.ProcessEnv): AzureSignIn {
  const { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key } = environment;
  const token = environment.AZURE_STORAGE_SAS_TOKEN;
  if (account !== undefined && key !== undefined) return signInWith(new Secret(key), account, 'key');
  if (token !== undefined) return signInWith(new Secret(token), account ?? null, 'sas');
  throw invalid(
    'The environment of the server holds no key for Azure.',
    'Set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY (or AZURE_STORAGE_SAS_TOKEN) where Pumphouse is started.',
  );
}
