import { Readable } from 'node:stream';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { sendRequest } from '../../network/http-request.ts';
import type { NetworkAgents } from '../../network/network.ts';

/** A request as the client library hands it over: signed, its path encoded. */
interface LibraryRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Text for XML documents, bytes for objects. */
  readonly body?: string | Uint8Array;
}

/** What a call hands through the library to the transport. */
interface SendOptions {
  readonly abortSignal: AbortSignal;
  readonly onSent?: (() => void) | undefined;
  readonly asksFirst?: boolean;
}

/**
 * For `client.send`. `onSent` is called as pieces of the body leave; `asksFirst` lets the server refuse it before it is sent, which costs the
 * time of a question.
 */
export const sendOptions = (
  abortSignal: AbortSignal,
  onSent: (() => void) | undefined,
  asksFirst: boolean,
): SendOptions => ({ abortSignal, onSent, asksFirst });

/**
 * Lets the client library send its requests through our agents and their URL policy. Connection failures come out as the AppErrors of
 * `sendRequest`; an answer that comes before the body is sent counts.
 */
export function createTransport(agents: NetworkAgents): NonNullable<S3ClientConfig['requestHandler']> {
  return {
    async handle(request: LibraryRequest, { abortSignal, onSent, asksFirst = false }: SendOptions) {
      const body = bytesOf(request.body);
      const response = await sendRequest(
        agents,
        {
          method: request.method,
          url: urlOf(request),
          headers: request.headers,
          body,
          ...(onSent === undefined ? {} : { onSent }),
          asksFirst,
        },
        abortSignal,
      );
      const answer = {
        statusCode: response.status,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]),
        ),
        body: Readable.from(response.body),
      };
      return { response: answer };
    },
    destroy: () => agents.destroy(),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function bytesOf(body: LibraryRequest['body'] | null): Uint8Array | null {
  if (body === undefined || body === null) return null;
  return typeof body === 'string' ? Buffer.from(body) : body;
}

/** The path is encoded already, and so that URL leaves it as it is. */
function urlOf({ protocol, hostname, port, path, query }: LibraryRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === null ? [encode(name)] : [value].flat().map((each) => `${encode(name)}=${encode(String(each))}`),
  );
  url.search = pairs.join('&');
  return url;
}

/** As signatures have it: all but letters, digits and -_.~ . */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
