import { AppError } from '../core/errors.ts';
import { sendRequest } from './http-request.ts';
import type { Network, NetworkAgents } from './network.ts';

/** A request whose redirects are followed. */
export interface FollowedRequest {
  readonly method: string;
  /** `http:` or `https:`, without user name and password. */
  readonly url: URL;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
}

/** What came of it. */
export interface FollowedAnswer {
  readonly status: number;
  /** Of the body, as far as it was read. */
  readonly bytes: number;
}

/** Sends requests of users through the policy of addresses; dispose it to close its connections. */
export interface RequestFollower extends Disposable {
  send(request: FollowedRequest, signal: AbortSignal): Promise<FollowedAnswer>;
}

const mostRedirects = 5;
/** So much of an answer is read, that the server may end it in peace; nobody looks at it. */
const mostBytes = 1024 * 1024;
/** Headers that go along to another server: all others may be meant for the first alone. */
const impersonal = ['accept', 'accept-language', 'content-type', 'user-agent'];

/**
 * A sender of single requests. Each redirect is a request of its own, and so its address is checked; one to another server carries no headers that could
 * be secret, and one from https to http is refused.
 * @throws AppError (send) request-failed for redirects that lead nowhere, address-refused, storage-unreachable
 */
export function createRequestFollower(network: Network): RequestFollower {
  const agents = network.agents({ maxSockets: 16, ca: null });
  return {
    send: (request, signal) => follow(agents, request, signal),
    [Symbol.dispose]: () => agents.destroy(),
  };
}

async function follow(
  agents: NetworkAgents,
  first: FollowedRequest,
  signal: AbortSignal,
): Promise<FollowedAnswer> {
  let request = first;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const response = await sendRequest(agents, request, signal);
    const { status, headers } = response;
    const location = [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined;
    if (location === undefined) return { status, bytes: await countBytes(response.body) };
    response.discard();
    request = redirected(request, status, location);
  }
  throw failed(`${first.url.origin} redirects more than ${mostRedirects} times.`);
}

async function countBytes(body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes >= mostBytes) break;
  }
  return bytes;
}

function redirected(request: FollowedRequest, status: number, location: string): FollowedRequest {
  const { origin } = request.url;
  const url = URL.parse(location, request.url.href);
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw failed(`${origin} redirects to something that is no address of http or https.`);
  }
  if (request.url.protocol === 'https:' && url.protocol === 'http:') {
    throw failed(`${origin} redirects from https to http.`);
  }
  const { method } = request;
  // As every client does it (fetch.spec.whatwg.org, HTTP-redirect fetch): a POST becomes a GET by 301 and 302, all but GET and HEAD by 303.
  const becomesGet =
    status === 303 ? method !== 'GET' && method !== 'HEAD' : status < 303 && method === 'POST';
  const keeps = !becomesGet;
  const isSame = url.origin === origin;
  const headers = Object.entries(request.headers).filter(
    ([name]) => (isSame || impersonal.includes(name)) && (keeps || !name.startsWith('content-')),
  );
  return {
    method: keeps ? method : 'GET',
    url,
    headers: Object.fromEntries(headers),
    body: keeps ? request.body : null,
  };
}

const failed = (message: string): AppError => new AppError('request-failed', { message, temporary: false });
