import { AppError } from '../../core/errors.ts';
import { type HttpResponse, sendRequest } from '../../network/http-request.ts';
import type { NetworkAgents } from '../../network/network.ts';
import { classify } from './classify.ts';
import type { KeystoneUser, SwiftLogin, SwiftUser, SwiftV1User } from './login.ts';
import { refusalOf } from './refusal.ts';

/** What a login gives. */
export interface SwiftSession {
  /** Null: requests go without one. */
  readonly token: string | null;
  /** Of the account, without a slash at its end: `https://host/v1/AUTH_account`. */
  readonly storageUrl: string;
}

/** Signs in. Throws AppErrors that name the address. */
export async function signIn(
  login: SwiftLogin,
  agents: NetworkAgents,
  signal: AbortSignal,
): Promise<SwiftSession> {
  const { user, endpoint } = login;
  const given = endpoint === null ? null : withoutSlash(endpoint.href);
  if (user === null) return { token: null, storageUrl: given ?? '' };
  const { token, storageUrl } =
    user.kind === 'v1' ? await signInV1(user, agents, signal) : await signInV3(user, agents, signal);
  if (given !== null) return { token, storageUrl: given };
  return { token, storageUrl: withoutSlash(checkedStorageUrl(storageUrl(), user)) };
}

interface Admission {
  readonly token: string;
  /** Throws when the login names none. */
  readonly storageUrl: () => string;
}

async function signInV1(
  { authUrl, id, secret }: SwiftV1User,
  agents: NetworkAgents,
  signal: AbortSignal,
): Promise<Admission> {
  const headers = {
    'x-auth-user': headerText(id),
    'x-auth-key': headerText(secret.reveal()),
  };
  const response = await sendRequest(agents, { method: 'GET', url: authUrl, headers, body: null }, signal);
  if (response.status !== 200 && response.status !== 204) throw await refused(response, authUrl);
  response.discard();
  const { 'x-auth-token': token, 'x-storage-url': storageUrl } = response.headers;
  if (typeof token !== 'string' || typeof storageUrl !== 'string') throw noLoginThere(authUrl);
  return { token, storageUrl: () => storageUrl };
}

/** Header values are bytes; Swift reads them as UTF-8. */
const headerText = (text: string): string => Buffer.from(text).toString('latin1');

async function signInV3(user: KeystoneUser, agents: NetworkAgents, signal: AbortSignal): Promise<Admission> {
  const body = Buffer.from(JSON.stringify({ auth: { identity: identityOf(user), ...scopeOf(user) } }));
  const headers = {
    'content-type': 'application/json',
    'content-length': body.length,
    accept: 'application/json',
  };
  const url = user.authUrl;
  const response = await sendRequest(agents, { method: 'POST', url, headers, body }, signal);
  if (response.status !== 201) throw await refused(response, url);
  const answer = await response.text(maxTokenBytes);
  const token = response.headers['x-subject-token'];
  if (typeof token !== 'string') throw noLoginThere(url);
  return { token, storageUrl: () => endpointOf(answer, user) };
}

/** Catalogues of large clouds have hundreds of endpoints. */
const maxTokenBytes = 4 * 1024 ** 2;

function identityOf(user: KeystoneUser): object {
  const secret = user.secret.reveal();
  if (user.kind === 'application-credential') {
    return { methods: ['application_credential'], application_credential: { id: user.id, secret } };
  }
  const account = { name: user.id, domain: domainOf(user.userDomain), password: secret };
  return { methods: ['password'], password: { user: account } };
}

/** An application credential has its project; without one Keystone takes the user's default project. */
function scopeOf({ kind, project, projectDomain }: KeystoneUser): object {
  if (kind === 'application-credential' || project === null) return {};
  if (/^[0-9a-f]{32}$/.test(project)) return { scope: { project: { id: project } } };
  return { scope: { project: { name: project, domain: domainOf(projectDomain) } } };
}

const domainOf = (name: string | null): object => (name === null ? { id: 'default' } : { name });

interface Catalogue {
  readonly token?: {
    readonly catalog?: readonly {
      readonly type?: string;
      readonly endpoints?: readonly CatalogueEndpoint[];
    }[];
  };
}

interface CatalogueEndpoint {
  readonly interface?: string;
  readonly region?: string;
  readonly region_id?: string;
  readonly url?: string;
}

/** The public Swift endpoint in the catalogue of a token. */
function endpointOf(answer: string, { authUrl, region }: KeystoneUser): string {
  let parsed: Catalogue;
  try {
    parsed = JSON.parse(answer) as Catalogue;
  } catch {
    throw noLoginThere(authUrl);
  }
  const endpoints = (parsed.token?.catalog ?? [])
    .filter(({ type }) => type === 'object-store')
    .flatMap((service) => service.endpoints ?? [])
    .filter((endpoint) => endpoint.interface === 'public');
  const found = endpoints.find((endpoint) => region === null || regionOf(endpoint) === region);
  if (found?.url !== undefined) return found.url;
  const regions = endpoints.map(regionOf).join(', ');
  throw new AppError('location-invalid', {
    message: `Keystone at ${authUrl.host} names no public Swift endpoint${region === null ? '' : ` in the region ${region}`}.`,
    hint:
      regions === ''
        ? 'Give the option project, or the storage URL with the option endpoint.'
        : `Give the option region as one of ${regions}, or the storage URL with the option endpoint.`,
    operation: 'sign in',
  });
}

const regionOf = ({ region, region_id: id }: CatalogueEndpoint): string => region ?? id ?? '';

/** The token goes there: never from an encrypted login to an address in the clear, unless the user named that. */
function checkedStorageUrl(text: string, { authUrl }: SwiftUser): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw noLoginThere(authUrl);
  if (authUrl.protocol === 'https:' && url.protocol === 'http:') {
    throw new AppError('location-invalid', {
      message: `The login at ${authUrl.host} is encrypted, and the storage URL that it names is not: ${url.origin}.`,
      hint: 'Give the storage URL with the option endpoint, as https: if the server takes it.',
      operation: 'sign in',
    });
  }
  return url.href;
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');

async function refused(response: HttpResponse, authUrl: URL): Promise<AppError> {
  return classify(await refusalOf(response), 'sign in', `The login at ${authUrl.href}`);
}

const noLoginThere = (authUrl: URL): AppError =>
  new AppError('location-invalid', {
    message: `${authUrl.href} answers, but not as a login of Swift does.`,
    hint: 'Correct the option auth-url: https://host/auth/v1.0 for a v1 login, https://host:5000/v3 for Keystone.',
    operation: 'sign in',
  });
