import type { TSchema } from 'typebox';
import type { AppError } from '../core/errors.ts';
import type { Caller } from '../core/permission.ts';

/** A request after routing, authentication and validation. */
export interface ApiRequest {
  readonly method: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  /** The bytes of the body as they came; empty where there are none. Only at APIs that ask for them ({@link Api.readsRawBodies}). */
  readonly rawBody?: Uint8Array;
  /** Null on routes that are open to everybody, and where `optional` credentials are missing. */
  readonly caller: Caller | null;
  /** What the service's URLs begin with outside: `https://host/prefix` (as proxies say), without a slash at its end. */
  readonly base: string;
  /** The path of that alone: `/prefix`, empty where the service is at the root of its host. */
  readonly basePath: string;
  /** Path and query as received, still encoded. */
  readonly url: string;
  /** 22 characters, base64url of 16 random bytes; also in the log. */
  readonly requestId: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** What a route answers. `body`: JSON value, text, or a stream of bytes; undefined for none. */
export interface ApiReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly stream?: AsyncIterable<Uint8Array | string>;
}

/** One operation of an API: decode the request into a service command or query, encode the result. No decisions, no database. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * Below the API's prefix, with `:name` for path parameters, or `:name(^[0-9a-f]{32}$)` for those of one form (a trailing `*` takes the rest, as
   * params['*']).
   */
  readonly path: string;
  /** OpenAPI operationId, camelCase. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** `optional`: the caller is null where the request carries no credentials; wrong ones are refused. */
  readonly access: 'public' | 'authenticated' | 'optional';
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Media types besides JSON whose bodies are taken as they are: `body` is undefined then. Only at APIs that read raw bodies. */
  readonly rawMediaTypes?: readonly string[];
  /** Largest request body in bytes, where it is more than its API takes otherwise. */
  readonly bodyLimit?: number;
  /** Answers by status; JSON ones are enforced on output. Statuses with null have no body or not a JSON one. */
  readonly responses: Readonly<
    Record<
      number,
      {
        readonly description: string;
        readonly schema: TSchema | null;
        readonly mediaType?: string;
        /** Further media types that the same answer can take, chosen by Accept; their bodies are not JSON. */
        readonly otherMediaTypes?: readonly string[];
      }
    >
  >;
  /** Left out of the API description (aliases of other routes). */
  readonly hidden?: boolean;
  /** `path` is below the root of the server instead of the API's prefix (`/openapi.json`). */
  readonly atRoot?: boolean;
  /**
   * What is in the way of the request whatever its body says: called before that is read, after authentication, with the parameters as they
   * came. Throws `forbidden`, or that a named thing does not exist.
   */
  admit?(request: Omit<ApiRequest, 'body'>): Promise<void>;
  handle(request: ApiRequest): Promise<ApiReply>;
}

/** One published HTTP contract. */
export interface Api {
  /** `native`, `ords`: the word in jobs and logs. */
  readonly id: string;
  readonly title: string;
  /** `/api/v1`, `/ords`. */
  readonly prefix: string;
  /** More beginnings of addresses that belong to the API, those of its routes `atRoot` (`/v2`): unknown ones below them are answered in its words. */
  readonly morePrefixes?: readonly string[];
  readonly routes: readonly Route[];
  /**
   * Words of the Authorization header, besides Basic, that go before a token of `Service.issueToken`: `JWT`, `Bearer`. Absent: such tokens
   * are not taken. The local token of the data folder is taken after `Bearer` in any case.
   */
  readonly tokenSchemes?: readonly string[];
  /** Its clients look for it at a port of its own: it is served there too, over TLS and beside nothing but the health probes. */
  readonly ownPort?: {
    /** The port where they look; null: none, it is served there only when the option says so. */
    readonly usual: number | null;
    /** HTTP/2 is spoken there too, beside HTTP/1.1. */
    readonly http2?: true;
  };
  /**
   * Whether an address below no route belongs to this API although its prefix says nothing about it (`/v1/{32 hex digits}/...`): it is answered in its
   * words. Absent: prefixes decide.
   */
  owns?(path: string): boolean;
  /** Its requests carry `rawBody`. */
  readonly readsRawBodies?: true;
  /** Largest request body in bytes, where it is more than the service takes otherwise. */
  readonly bodyLimit?: number;
  /**
   * Whether a request uses one of the API's own ways to sign in, besides the Authorization words that every API takes: a token in a header of its
   * own (`headers`), or a signature that covers the body (`body`): the body is read then before it is known who asks, and bound by
   * {@link Api.bodyLimit}. Null: none of them.
   */
  signInOf?(headers: ApiRequest['headers']): 'headers' | 'body' | null;
  /** Who asks, where {@link Api.signInOf} names a way; `rawBody` is there with `body` alone. Null and `unauthenticated` refuse alike. */
  authenticate?(request: Omit<ApiRequest, 'caller' | 'body'>): Promise<Caller | null>;
  /** The answers have one form, and no value of Accept is held against them. */
  readonly ignoresAccept?: true;
  /** Bodies without a Content-Type are read as JSON: the contract's own examples send such. */
  readonly takesUntypedBodies?: true;
  /** How credentials are asked for: the value of WWW-Authenticate on a 401. */
  readonly challenge: string;
  /** Total over error kinds. */
  encodeError(
    error: AppError,
    request: { readonly requestId: string; readonly headers: ApiRequest['headers'] },
  ): ApiReply;
}
