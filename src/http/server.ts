import { randomBytes } from 'node:crypto';
import Fastify, {
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
  type LightMyRequestResponse,
} from 'fastify';
import type { Api } from '../apis/api.ts';
import type { ServerCertificate } from '../config/server-certificate.ts';
import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Service } from '../service/service.ts';
import type { Authenticator } from './authenticate.ts';
import { acceptJsonOnly, acceptUntypedJson, keepRawBodies } from './body-parsers.ts';
import { createTrackedServer, type TrackedServer } from './connections.ts';
import { listenError, type PortSetting } from './listen-error.ts';
import { createLiveRequests } from './live-requests.ts';
import { mountApi } from './mount-api.ts';
import { renderError } from './render-error.ts';
import type { RequestState } from './request-state.ts';
import { createSystemApi } from './system-api.ts';
import { checkTrustedProxies } from './trusted-proxies.ts';
import { createUnknownBodies } from './unknown-bodies.ts';
import { createAllowedMethods, ownerOf } from './unmatched.ts';

export interface HttpServerOptions {
  /** Addresses or networks of proxies whose X-Forwarded-* headers are believed; default none. */
  readonly trustedProxies?: readonly string[];
  /** Largest request body in bytes; default 1 MiB. */
  readonly bodyLimit?: number;
}

export interface HttpServerParts {
  readonly apis: readonly Api[];
  readonly service: Authenticator & Pick<Service, 'isReady'>;
  readonly log: Logger;
  readonly options?: HttpServerOptions;
  /** In whose words addresses are answered that belong to none of the APIs; default: as the health probes. */
  readonly fallback?: Api;
  /** The server speaks TLS: asked for the certificate at the start, and again each day. */
  readonly certificate?: () => Promise<ServerCertificate>;
  /** HTTP/2 is spoken too, over TLS, with clients that ask for it; default false. */
  readonly http2?: boolean;
}

export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:8080`, `https://...` over TLS. */
  readonly url: string;
}

export interface HttpServer {
  /**
   * Starts to listen; port 0 takes a free one. Throws `port-in-use` or `address-unavailable`, and what the certificate's source throws.
   * @param setting where the port was given, for the errors; default the option `port`
   */
  listen(host: string, port: number, setting?: PortSetting): Promise<ListeningAddress>;
  /** Where it listens; null before listen. */
  readonly address: ListeningAddress | null;
  /** One request without a socket: the same routing, authentication, validation and answers. */
  inject(request: InjectOptions | string): Promise<LightMyRequestResponse>;
  /**
   * Takes no more connections, ends event streams at once, lets other requests finish for `graceMs`, then breaks them off.
   * May be called more than once.
   */
  close(graceMs: number): Promise<void>;
}

const defaultBodyLimit = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  vary: 'Accept, Authorization',
} as const;

/** The HTTP server over a set of APIs. Building it does no I/O. Throws `option-invalid` for a malformed trusted proxy. */
export function createHttpServer(parts: HttpServerParts): HttpServer {
  const { service, log, certificate, http2 = false, options = {} } = parts;
  const bodyLimit = options.bodyLimit ?? defaultBodyLimit;
  const live = createLiveRequests();
  const system = createSystemApi(() => service.isReady() && !live.closing);
  const apis = [system, ...parts.apis];
  const fallback = parts.fallback ?? system;
  const allowedMethods = createAllowedMethods(apis);
  const pathOfUrl = (url: string): string => url.split('?', 1)[0] as string;

  const unknownBodies = createUnknownBodies();
  const states = new WeakMap<object, RequestState>();
  const stateOf = (request: FastifyRequest): RequestState => states.get(request.raw) as RequestState;

  /** The first thing that happens to every request, also to those that the router cannot read. */
  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const abort = live.open();
    const state: RequestState = {
      startedAt: performance.now(),
      abort,
      markEndless: () => live.markEndless(abort),
      api: system.id,
      caller: null,
      rawBody: null,
      knowsCaller: null,
      errorCode: null,
    };
    states.set(request.raw, state);
    reply.raw.once('close', () => {
      live.finish(abort);
      // One of HTTP/2 that was broken off calls itself finished, but not ended.
      if (!(reply.raw.writableEnded && reply.raw.writableFinished)) abort.abort();
      logRequest(log, request, reply.statusCode, state);
    });
    reply.headers({ ...securityHeaders, 'request-id': request.id });
    // HTTP/2 has no such header; its sessions are told in a frame of their own.
    if (live.closing && request.raw.httpVersionMajor < 2) reply.header('connection', 'close');
  }
  const rendering = { log, bodyLimit, stateOf };

  let connections: TrackedServer | undefined;
  const app = Fastify({
    logger: false,
    bodyLimit,
    trustProxy: checkTrustedProxies(options.trustedProxies ?? []),
    requestIdHeader: false,
    genReqId: () => randomBytes(16).toString('base64url'),
    exposeHeadRoutes: false,
    // Connections without work are closed then; what still comes on others is answered as usual.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 2048 },
    serverFactory: (listener) => {
      connections = createTrackedServer(listener, { overTls: certificate !== undefined, http2 });
      return connections.server;
    },
    frameworkErrors: (error, request, reply) => {
      begin(request, reply);
      void renderError(error, request, reply, ownerOf(pathOfUrl(request.url), apis, fallback), rendering);
    },
  });
  acceptJsonOnly(app);

  app.addHook('onRequest', async (request, reply) => begin(request, reply));
  app.setErrorHandler((error, request, reply) =>
    renderError(error, request, reply, ownerOf(pathOfUrl(request.url), apis, fallback), rendering),
  );
  app.setNotFoundHandler((request, reply) => {
    const path = pathOfUrl(request.url);
    const allowed = allowedMethods(path);
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    if (allowed.length > 0 && request.method === 'OPTIONS') return reply.code(204).send();
    const error =
      allowed.length > 0
        ? new AppError('method-not-allowed', { message: `${request.method} is not possible here.` })
        : new AppError('route-unknown', { message: `Nothing is served at ${path}.` });
    return renderError(error, request, reply, ownerOf(path, apis, fallback), rendering);
  });
  for (const api of apis) {
    app.register(async (scope) => {
      scope.setErrorHandler((error, request, reply) => renderError(error, request, reply, api, rendering));
      if (api.readsRawBodies === true) keepRawBodies(scope, stateOf);
      else if (api.takesUntypedBodies === true) acceptUntypedJson(scope);
      mountApi(scope, api, { service, log, stateOf, bodyLimit, unknownBodies });
    });
  }

  let address: ListeningAddress | null = null;
  let closed: Promise<void> | null = null;
  let renewal: NodeJS.Timeout | undefined;

  const setCertificate = async (): Promise<void> => {
    if (certificate !== undefined) connections?.setCertificate(await certificate());
  };
  async function renewCertificate(): Promise<void> {
    try {
      await setCertificate();
    } catch (error) {
      log.error('the certificate cannot be renewed; the present one stays in use', { error });
    }
  }

  async function closeWithin(graceMs: number): Promise<void> {
    clearInterval(renewal);
    live.beginClose();
    connections?.closeIdle();
    const timer = setTimeout(() => {
      live.interruptAll();
      connections?.closeAll();
    }, graceMs);
    try {
      await app.close();
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    get address() {
      return address;
    },
    async listen(host, port, setting) {
      await setCertificate();
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw listenError(error, host, port, setting);
      }
      if (certificate !== undefined) renewal = setInterval(() => void renewCertificate(), dayMs).unref();
      const bound = app.server.address();
      const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
      const scheme = certificate === undefined ? 'http' : 'https';
      address = {
        host,
        port: actual,
        url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${actual}`,
      };
      log.info('listening', { url: address.url });
      return address;
    },
    inject: (request) => app.inject(request),
    close(graceMs) {
      closed ??= closeWithin(graceMs);
      return closed;
    },
  };
}

/** One line for each request: the path without its query, which may hold anything. */
function logRequest(log: Logger, request: FastifyRequest, status: number, state: RequestState): void {
  const data = {
    request_id: request.id,
    api: state.api,
    method: request.method,
    path: request.url.split('?', 1)[0],
    status,
    ms: Math.round(performance.now() - state.startedAt),
    user: state.caller?.name ?? null,
    ...(state.errorCode === null ? {} : { code: state.errorCode }),
  };
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (isReading && status < 400) log.debug('request', data);
  else log.info('request', data);
}
