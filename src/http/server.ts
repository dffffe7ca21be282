import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, {
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
  type LightMyRequestResponse,
} from 'fastify';
import type { Api, Route } from '../apis/api.ts';
import type { HeaderCheck } from '../config/option-types.ts';
import type { ServerCertificate } from '../config/server-certificate.ts';
import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import { type Metrics, noMetrics } from '../core/metrics.ts';
import type { Service } from '../service/service.ts';
import type { AccessEntry, AccessLog } from './access-log.ts';
import type { Authenticator } from './authenticate.ts';
import { acceptJsonOnly, acceptUntypedJson, keepRawBodies } from './body-parsers.ts';
import { closeInOrder } from './close-in-order.ts';
import { createTrackedServer, type TrackedServer } from './connections.ts';
import { listenError, type PortSetting } from './listen-error.ts';
import { createLiveRequests } from './live-requests.ts';
import { mountApi } from './mount-api.ts';
import { createOutside } from './origin.ts';
import { renderError } from './render-error.ts';
import { meterRequest } from './request-meter.ts';
import type { RequestState } from './request-state.ts';
import { createSystemApi } from './system-api.ts';
import { createTrust } from './trusted-proxies.ts';
import { createUnknownBodies } from './unknown-bodies.ts';
import { createAllowedMethods, ownerOf } from './unmatched.ts';

export interface HttpServerOptions {
  /** Addresses or networks of proxies whose X-Forwarded-* headers are believed; default none. */
  readonly trustedProxies?: readonly string[];
  /** Says that a request came over HTTPS; default none does. */
  readonly httpsHeaderCheck?: HeaderCheck | null;
  /** Largest request body in bytes; default 1 MiB. */
  readonly bodyLimit?: number;
  /** How long connections that trusted proxies keep stay for one more request when the server closes, in milliseconds; default 2000. */
  readonly proxyGraceMs?: number;
}

export interface HttpServerParts {
  readonly apis: readonly Api[];
  readonly service: Authenticator & Pick<Service, 'isReady'>;
  readonly log: Logger;
  readonly options?: HttpServerOptions;
  /** Where a line for each request goes; default nowhere. */
  readonly accessLog?: Pick<AccessLog, 'write'> | null;
  /** In whose words addresses are answered that belong to none of the APIs; default: as the health probes. */
  readonly fallback?: Api;
  /** The server speaks TLS: asked for the certificate at the start, and again each day. */
  readonly certificate?: () => Promise<ServerCertificate>;
  /** HTTP/2 is spoken too, over TLS, with clients that ask for it; default false. */
  readonly http2?: boolean;
  /** What else /readyz hangs on; default nothing. */
  readonly isReady?: () => Promise<boolean>;
  /** Routes beside the health probes; default none. */
  readonly systemRoutes?: readonly Route[];
  /** Where requests are counted; default nowhere. */
  readonly metrics?: Metrics;
  /** Runs what answers a request, in a context that it makes of the header `traceparent`; default: in none. */
  readonly inTrace?: (traceparent: string | undefined, next: () => void) => void;
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
   * Says at once that it is not ready, and after `delayMs` (default 0) takes no more connections, ends event streams, lets other requests finish for
   * `graceMs`, then breaks them off. Connections that trusted proxies keep open have a moment of that for one more request each, whose answer closes
   * them, so that none is lost that was on its way. May be called more than once.
   */
  close(graceMs: number, delayMs?: number): Promise<void>;
}

const defaultBodyLimit = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;
/** In so long a proxy either uses the connections that it keeps open, or has found that no new one can be had. */
const defaultProxyGraceMs = 2000;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  vary: 'Accept, Authorization',
} as const;

/** The HTTP server over a set of APIs. Building it does no I/O. Throws `option-invalid` for a malformed trusted proxy. */
export function createHttpServer(parts: HttpServerParts): HttpServer {
  const { service, log, certificate, inTrace, http2 = false, metrics = noMetrics, options = {} } = parts;
  const bodyLimit = options.bodyLimit ?? defaultBodyLimit;
  const live = createLiveRequests();
  let isDraining = false;
  const isReady = async (): Promise<boolean> =>
    !isDraining && service.isReady() && (await (parts.isReady?.() ?? true));
  const system = createSystemApi(isReady, parts.systemRoutes);
  const apis = [system, ...parts.apis];
  const fallback = parts.fallback ?? system;
  const allowedMethods = createAllowedMethods(apis);
  const pathOfUrl = (url: string): string => url.split('?', 1)[0] as string;

  const { trustedProxies = [], httpsHeaderCheck = null } = options;
  const isTrusted = createTrust(trustedProxies);
  const outsideOf = createOutside({ isTrusted, namesProxies: trustedProxies.length > 0, httpsHeaderCheck });
  const unknownBodies = createUnknownBodies();
  const states = new WeakMap<object, RequestState>();
  const stateOf = (request: FastifyRequest): RequestState => states.get(request.raw) as RequestState;

  /** The first thing that happens to every request, also to those that the router cannot read. */
  function begin(request: FastifyRequest, reply: FastifyReply): void {
    const abort = live.open();
    const meter = meterRequest(metrics, request, stateOf);
    const state: RequestState = {
      startedAt: performance.now(),
      abort,
      markEndless() {
        live.markEndless(abort);
        meter.stream();
      },
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
      const isWhole = reply.raw.writableEnded && reply.raw.writableFinished;
      if (!isWhole) abort.abort();
      meter.close(reply.statusCode, reply.raw.writableEnded);
      logRequest(log, request, reply.statusCode, state);
      parts.accessLog?.write(accessEntryOf(request, reply, state));
    });
    reply.headers({ ...securityHeaders, 'request-id': request.id });
    sayWhetherClosing(request, reply);
  }

  /** HTTP/2 has no such header; its sessions are told in a frame of their own. */
  function sayWhetherClosing(request: FastifyRequest, reply: FastifyReply): void {
    if (live.closing && request.raw.httpVersionMajor < 2) reply.header('connection', 'close');
  }
  const rendering = { log, bodyLimit, stateOf };

  /** More than one where the host has several addresses. */
  const connections: TrackedServer[] = [];
  const app = Fastify({
    logger: false,
    bodyLimit,
    trustProxy: isTrusted,
    requestIdHeader: false,
    genReqId: () => randomBytes(16).toString('base64url'),
    exposeHeadRoutes: false,
    // Connections without work are closed then; what still comes on others is answered as usual.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 2048 },
    serverFactory: (listener) => {
      const tracked = createTrackedServer(listener, { overTls: certificate !== undefined, http2 });
      connections.push(tracked);
      return tracked.server;
    },
    frameworkErrors: (error, request, reply) => {
      begin(request, reply);
      void renderError(error, request, reply, ownerOf(pathOfUrl(request.url), apis, fallback), rendering);
    },
  });
  acceptJsonOnly(app);

  app.addHook('onRequest', async (request, reply) => begin(request, reply));
  // Said last, for the server may have begun to close since the request came.
  app.addHook('onSend', async (request, reply) => sayWhetherClosing(request, reply));
  if (inTrace !== undefined) {
    // After the body is read: its events come from the socket, and would lead out of the context.
    app.addHook('preHandler', (request, _reply, next) => {
      const { traceparent } = request.headers;
      inTrace(typeof traceparent === 'string' ? traceparent : undefined, next);
    });
  }
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
      mountApi(scope, api, { service, log, stateOf, bodyLimit, unknownBodies, outsideOf });
    });
  }

  let address: ListeningAddress | null = null;
  let closed: Promise<void> | null = null;
  let renewal: NodeJS.Timeout | undefined;

  const setCertificate = async (): Promise<void> => {
    if (certificate === undefined) return;
    const now = await certificate();
    for (const each of connections) each.setCertificate(now);
  };
  async function renewCertificate(): Promise<void> {
    try {
      await setCertificate();
    } catch (error) {
      log.error('the certificate cannot be renewed; the present one stays in use', { error });
    }
  }

  async function closeWithin(graceMs: number, delayMs: number): Promise<void> {
    clearInterval(renewal);
    isDraining = true;
    if (delayMs > 0) await sleep(delayMs);
    const servers = address === null ? [] : connections;
    const proxyGraceMs = trustedProxies.length === 0 ? 0 : (options.proxyGraceMs ?? defaultProxyGraceMs);
    await closeInOrder({ servers, live, isProxy: isTrusted, proxyGraceMs, end: () => app.close() }, graceMs);
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
    close(graceMs, delayMs = 0) {
      closed ??= closeWithin(graceMs, delayMs);
      return closed;
    },
  };
}

/** What the access log says of a request. */
function accessEntryOf(request: FastifyRequest, reply: FastifyReply, state: RequestState): AccessEntry {
  const length = reply.getHeader('content-length');
  return {
    client: request.ip,
    user: state.caller?.name ?? null,
    method: request.method,
    url: request.url,
    httpVersion: request.raw.httpVersion,
    status: reply.statusCode,
    bytes: length === undefined ? null : Number(length),
    referer: request.headers.referer,
    agent: request.headers['user-agent'],
    ms: performance.now() - state.startedAt,
    host: request.headers.host ?? request.headers[':authority']?.toString(),
  };
}

/** One line for each request: the path without its query, which may hold anything. */
function logRequest(log: Logger, request: FastifyRequest, status: number, state: RequestState): void {
  const data = {
    request_id: request.id,
    client: request.ip,
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
