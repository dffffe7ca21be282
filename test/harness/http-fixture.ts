import Type from 'typebox';
import type { Api, ApiReply, ApiRequest, Route } from '../../src/apis/api.ts';
import type { Logger } from '../../src/core/context.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Caller } from '../../src/core/permission.ts';
import {
  createHttpServer,
  type HttpServer,
  type HttpServerOptions,
  type HttpServerParts,
} from '../../src/http/server.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function createMemoryLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']): Logger['info'] =>
    (message, data = {}) => {
      lines.push({ level, message, data });
    };
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** The one user that the fixture's service knows. */
export const alice: Caller = { name: 'alice', role: 'operator', databases: [] };
/** Her Basic credentials; the password holds a colon and a letter outside of ASCII. */
export const aliceBasic = `Basic ${Buffer.from('alice:pässword:1').toString('base64')}`;
export const localBearer = 'Bearer local-token';

/** A small API; its errors are recognisable by their `api` member. */
export function fixtureApi(id: string, prefix: string, routes: readonly Route[]): Api {
  const statuses: Readonly<Record<string, number>> = {
    invalid: 400,
    unauthenticated: 401,
    forbidden: 403,
    not_found: 404,
    method_not_allowed: 405,
    not_acceptable: 406,
    conflict: 409,
    precondition_failed: 412,
    too_large: 413,
    unsupported_media_type: 415,
    internal: 500,
  };
  return {
    id,
    title: id,
    prefix,
    routes,
    challenge: `Basic realm="${id}"`,
    encodeError: (error, request) => ({
      status: statuses[error.kind] ?? 503,
      headers: { 'content-type': 'application/problem+json' },
      body: {
        api: id,
        code: error.code,
        message: error.message,
        hint: error.hint,
        field: error.field,
        request_id: request.requestId,
      },
    }),
  };
}

/** A route of the fixture: a public GET that answers anything, unless told otherwise. */
export function fixtureRoute(
  path: string,
  handle: (request: ApiRequest) => Promise<ApiReply>,
  more: Partial<Route> = {},
): Route {
  return {
    method: 'GET',
    path,
    operationId: path.replaceAll(/\W+/g, '_'),
    summary: path,
    tags: ['fixture'],
    access: 'public',
    responses: { 200: { description: 'Fine.', schema: Type.Unknown() } },
    handle,
    ...more,
  };
}

export interface ServerFixture {
  readonly server: HttpServer;
  readonly lines: LogLine[];
  setReady(ready: boolean): void;
}

/** A server over `apis` with the fixture's people. */
export function createServerFixture(
  apis: readonly Api[],
  options: HttpServerOptions = {},
  more: Partial<Omit<HttpServerParts, 'apis' | 'service' | 'log' | 'options'>> = {},
): ServerFixture {
  const { log, lines } = createMemoryLog();
  let isReady = true;
  const refuse = (): never => {
    throw new AppError('unauthenticated', { message: 'The name or password is wrong.' });
  };
  const server = createHttpServer({
    apis,
    log,
    options,
    ...more,
    service: {
      authenticateUser: async (name, password) =>
        name === 'alice' && password === 'pässword:1' ? alice : refuse(),
      authenticateJwt: async (token, api) => (token === `token.of.${api}` ? alice : refuse()),
      authenticateToken: async (token) => (token === 'local-token' ? { ...alice, name: 'local' } : refuse()),
      isReady: () => isReady,
    },
  });
  return {
    server,
    lines,
    setReady: (ready) => {
      isReady = ready;
    },
  };
}
