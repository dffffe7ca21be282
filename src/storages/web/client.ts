import type { OutgoingHttpHeaders } from 'node:http';
import { AppError } from '../../core/errors.ts';
import { type HttpRequest, type HttpResponse, sendRequest } from '../../network/http-request.ts';
import type { NetworkAgents } from '../../network/network.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import type { StoragePlace } from '../storage.ts';

/** What proves to the server who is asking: headers for one request. */
export type Authorise = (
  request: Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'>,
) => OutgoingHttpHeaders;

/** A request without credential; `headers` and `body` default to none. */
export interface WebRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: HttpRequest['body'];
  readonly asksFirst?: boolean;
  readonly onSent?: HttpRequest['onSent'] | undefined;
}

/** Sends requests to one place over HTTP. Dispose it after the last byte of the answers. */
export interface WebClient extends Disposable {
  /**
   * The answer, whatever its status, but for redirects: those of GET and HEAD are followed, each hop checked by the URL policy as any other
   * request, without the credential at another origin; others throw `storage-failed`. A redirect to the same address with a slash after it is
   * handed out: that is how servers answer for folders (`isFolderRedirect`).
   */
  send(request: WebRequest, signal: AbortSignal): Promise<HttpResponse>;
}

const mostHops = 5;
const mostSockets = 32;

const pools = createClientCache<NetworkAgents>(
  ({ network }) => network.agents({ maxSockets: mostSockets, ca: null }),
  (agents) => agents.destroy(),
);

/** Takes a client for one call at a place. */
export function openWebClient(place: StoragePlace, authorise: Authorise): WebClient {
  const lease = pools.lease(place);
  return {
    send: (request, signal) => sendFollowing(lease.client, request, authorise, signal),
    [Symbol.dispose]: () => lease[Symbol.dispose](),
  };
}

/** Whether the server says that there is a folder where a file was asked for. */
export function isFolderRedirect({ status, headers }: HttpResponse, url: URL): boolean {
  if (!isRedirect(status) || headers.location === undefined) return false;
  const target = URL.parse(headers.location, url.href);
  return target !== null && target.pathname === `${url.pathname}/`;
}

async function sendFollowing(
  agents: NetworkAgents,
  { method, url: first, headers = {}, body = null, asksFirst = false, onSent }: WebRequest,
  authorise: Authorise,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let url = first;
  for (let hop = 0; ; hop += 1) {
    const own = url.origin === first.origin ? authorise({ method, url, headers, body }) : {};
    const response = await sendRequest(
      agents,
      {
        method,
        url,
        headers: { ...headers, ...own },
        body,
        asksFirst,
        ...(onSent === undefined ? {} : { onSent }),
      },
      signal,
    );
    if (!isRedirect(response.status) || isFolderRedirect(response, url)) return response;
    response.discard();
    url = nextHop(response, url, method, hop);
  }
}

/** The host alone is named of either end: the rest may hold a token. */
function nextHop({ status, headers }: HttpResponse, from: URL, method: string, hop: number): URL {
  const refused = (fault: string, hint: string): AppError =>
    new AppError('storage-failed', {
      message: `${from.origin} answers ${method} with a redirect (${status}) ${fault}.`,
      hint,
      temporary: false,
      context: { status },
    });
  const target = URL.parse(headers.location ?? '', from.href);
  if (target === null || headers.location === undefined)
    throw refused('that names no target', 'Check the location.');
  if (target.protocol !== 'https:' && (from.protocol === 'https:' || target.protocol !== 'http:')) {
    throw refused(`to ${target.protocol}//${target.host}, away from https`, 'Name the final address.');
  }
  if (method !== 'GET' && method !== 'HEAD')
    throw refused(`to ${target.origin}`, 'Only reads follow redirects: name the final address.');
  if (hop >= mostHops) throw refused(`again after ${mostHops} others`, 'Name the final address.');
  target.username = '';
  target.password = '';
  return target;
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);
