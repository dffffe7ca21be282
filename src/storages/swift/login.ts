import type { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import { checkLine } from '../blocks/credential-text.ts';
import type { PlaceOption, StoragePlace } from '../storage.ts';

/** How to get at an account of Swift. */
export interface SwiftLogin {
  /** Null: nobody signs in, and what the container shows to everybody is read. */
  readonly user: SwiftUser | null;
  /** The storage URL, where the one that the login tells is not to be used. */
  readonly endpoint: URL | null;
}

/** Whom to sign in as, and where. */
export type SwiftUser = SwiftV1User | KeystoneUser;

/** TempAuth and its kin: the token for user and key by a GET. */
export interface SwiftV1User {
  readonly kind: 'v1';
  readonly authUrl: URL;
  readonly id: string;
  readonly secret: Secret;
}

export interface KeystoneUser {
  readonly kind: 'password' | 'application-credential';
  /** Of the tokens: `https://host:5000/v3/auth/tokens`. */
  readonly authUrl: URL;
  /** The user's name, or the id of the application credential. */
  readonly id: string;
  readonly secret: Secret;
  readonly userDomain: string | null;
  readonly project: string | null;
  readonly projectDomain: string | null;
  /** Of the catalogue's endpoint; null: the first one. */
  readonly region: string | null;
}

export const loginOptions: readonly PlaceOption[] = [
  {
    name: 'auth-url',
    help: 'Where to sign in: https://host/auth/v1.0, or https://host:5000/v3 of Keystone',
  },
  {
    name: 'auth-version',
    help: '1 or 3; by default 1 for an auth-url that ends in /v1.0 or /v1, 3 for any other',
    values: ['1', '3'],
  },
  {
    name: 'auth-type',
    help: 'password (the default) or application-credential, whose id and secret the credential then holds; Keystone only',
    values: ['password', 'application-credential'],
  },
  {
    name: 'project',
    help: 'The project to work in, by name or by id (32 hexadecimal digits); Keystone only',
  },
  { name: 'user-domain', help: 'The domain of the user, by name (default: the default domain)' },
  { name: 'project-domain', help: 'The domain of the project, by name (default: the default domain)' },
  { name: 'region', help: "Which of the catalogue's Swift endpoints (default: the first one)" },
  {
    name: 'endpoint',
    help: 'The storage URL (https://host/v1/AUTH_account), where that of the login is not to be used; without a credential the place is read without signing in',
  },
];

/** What a place's options and credential say about signing in. Throws `location-invalid`. No I/O. */
export function loginOf({ options, credential }: StoragePlace): SwiftLogin {
  const endpoint = httpUrl('endpoint', options.endpoint);
  if (credential === null) {
    if (endpoint !== null) return { user: null, endpoint };
    throw invalid(
      'The location of Swift has no credential.',
      'Name one of the type swift, or give the option endpoint to read an open container.',
    );
  }
  const { id, secret } = credential;
  if (id === null || secret === null) {
    throw invalid(
      `The credential ${credential.name} lacks its ${id === null ? 'id' : 'secret'}.`,
      'Swift takes a user and a secret.',
    );
  }
  const authUrl = httpUrl('auth-url', options['auth-url']);
  if (authUrl === null) {
    throw invalid(
      'The location of Swift does not say where to sign in.',
      'Give the option auth-url, in the location or with the credential: https://host/auth/v1.0.',
    );
  }
  const version = options['auth-version'] ?? (/\/v1(\.0)?\/?$/.test(authUrl.pathname) ? '1' : '3');
  if (version === '1') {
    checkLine(credential, 'id');
    checkLine(credential, 'secret');
    return { user: { kind: 'v1', authUrl, id, secret }, endpoint };
  }
  if (version !== '3') throw invalid('The option auth-version is neither 1 nor 3.', 'Give 1 or 3.');
  const kind = options['auth-type'] ?? 'password';
  if (kind !== 'password' && kind !== 'application-credential') {
    throw invalid(
      'The option auth-type has a value that it does not take.',
      'Give password or application-credential.',
    );
  }
  return {
    endpoint,
    user: {
      kind,
      authUrl: tokensUrl(authUrl),
      id,
      secret,
      userDomain: options['user-domain'] ?? null,
      project: options.project ?? null,
      projectDomain: options['project-domain'] ?? null,
      region: options.region ?? null,
    },
  };
}

/** Keystone's address is given with or without the version. */
function tokensUrl(authUrl: URL): URL {
  const url = new URL(authUrl);
  const path = url.pathname.replace(/\/+$/, '').replace(/\/auth\/tokens$/, '');
  url.pathname = `${path.endsWith('/v3') ? path : `${path}/v3`}/auth/tokens`;
  return url;
}

function httpUrl(option: string, text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.parse(text);
  const isPlain =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.search === '' &&
    url.hash === '';
  if (isPlain) return url;
  throw invalid(
    `The option ${option} is no http: or https: address without user, query and fragment.`,
    'Write it as https://host:port/path, percent-encoded where it stands in a URL.',
  );
}

const invalid = (message: string, hint: string): AppError =>
  new AppError('location-invalid', { message, hint });
