import { shareWork } from '../../base/shared-work.ts';
import { type HttpResponse, sendRequest } from '../../network/http-request.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import type { StoragePlace } from '../storage.ts';
import { loginOf } from './login.ts';
import { type SwiftSession, signIn } from './sign-in.ts';

/** A request to a container, or to an object in it. */
export interface SwiftRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly container: string;
  /** Null: the container itself. */
  readonly object: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Called as bytes of the body leave. */
  readonly onSent?: () => void;
}

/** Signs in when it must, and keeps connections and token. */
export interface SwiftClient {
  /** The answer, whatever it says. A token that is no longer taken is renewed once. Throws AppErrors. */
  send(request: SwiftRequest, signal: AbortSignal): Promise<HttpResponse>;
  close(): void;
}

/** Connections to one cluster at once. */
const maxSockets = 64;

function createSwiftClient(place: StoragePlace): SwiftClient {
  const login = loginOf(place);
  const agents = place.network.agents({ maxSockets, ca: null });
  let session: SwiftSession | null = null;
  const renew = shareWork(async (signal) => {
    session = await signIn(login, agents, signal);
    return session;
  });

  const attempt = (
    { token, storageUrl }: SwiftSession,
    request: SwiftRequest,
    signal: AbortSignal,
  ): Promise<HttpResponse> => {
    const { method, query, headers, body = null, onSent = () => undefined } = request;
    const url = new URL(storageUrl + pathOf(request));
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const sent = {
      ...headers,
      ...(token === null ? {} : { 'x-auth-token': token }),
      ...(body === null ? {} : { 'content-length': body.length }),
    };
    return sendRequest(agents, { method, url, headers: sent, body, onSent }, signal);
  };

  return {
    async send(request, signal) {
      const first = session ?? (await renew(signal));
      const answer = await attempt(first, request, signal);
      if (answer.status !== 401 || first.token === null) return answer;
      answer.discard();
      // Another request may have signed in anew in the meantime.
      if (session === first) session = null;
      return await attempt(session ?? (await renew(signal)), request, signal);
    },
    close: () => agents.destroy(),
  };
}

function pathOf({ container, object }: SwiftRequest): string {
  const parts = [container, ...(object === null ? [] : object.split('/'))];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

/** The clients of this process. */
export const swiftClients = createClientCache(createSwiftClient, (client) => client.close());
