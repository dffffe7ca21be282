import type { OutgoingHttpHeaders } from 'node:http';
import { type HttpResponse, sendRequest } from '../../network/http-request.ts';
import { createClientCache } from '../blocks/client-cache.ts';
import type { StoragePlace } from '../storage.ts';
import type { GcsAddress } from './address.ts';
import { classify, type GcsOperation } from './classify.ts';
import { gcsPlace } from './sign-in.ts';
import { tokensOf } from './token.ts';

/** One request to the JSON API. */
export interface GcsRequest {
  readonly operation: GcsOperation;
  /** For errors: `gs://bucket/name`. */
  readonly subject: string;
  readonly method: string;
  /** Below the endpoint: `/storage/v1/b/bucket/o?prefix=a`; or the URL of an upload session, which needs no token. */
  readonly url: string;
  readonly headers?: OutgoingHttpHeaders;
  /** An iterable is sent with the length that the headers say. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** Statuses that are no error. */
  readonly takes: readonly number[];
}

/** The connections to one endpoint, and who uses them. */
export interface GcsClient {
  readonly address: GcsAddress;
  /** Sends a request. Throws AppErrors, also for statuses that the request does not take. */
  send(request: GcsRequest, signal: AbortSignal): Promise<HttpResponse>;
  close(): void;
}

export const gcsClients = createClientCache<GcsClient>(gcsClient, (client) => client.close());

const maxSockets = 64;

function gcsClient(place: StoragePlace): GcsClient {
  const { address, signIn } = gcsPlace(place);
  const agents = place.network.agents({ maxSockets, ca: null });
  const tokens = tokensOf(signIn, agents);
  return {
    address,
    async send({ operation, subject, method, url, headers = {}, body = null, takes }, signal) {
      const isSession = !url.startsWith('/');
      const token = isSession ? null : await tokens.token(signal);
      const response = await sendRequest(
        agents,
        {
          method,
          url: new URL(isSession ? url : address.endpoint + url),
          headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
          body,
        },
        signal,
      );
      if (takes.includes(response.status)) return response;
      if (response.status === 401) tokens.forget();
      throw classify(response.status, await response.text(), operation, subject);
    },
    close: () => agents.destroy(),
  };
}
