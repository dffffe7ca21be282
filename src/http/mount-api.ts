import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Api, ApiReply, ApiRequest, Route } from '../apis/api.ts';
import { isJson, negotiate } from '../base/media-type.ts';
import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Caller } from '../core/permission.ts';
import { type Authenticator, authenticate } from './authenticate.ts';
import { readRawBody } from './body-parsers.ts';
import type { Outside } from './origin.ts';
import { plainHeaders } from './plain-headers.ts';
import type { RequestState } from './request-state.ts';
import { mediaTypeOf, sendReply } from './send-reply.ts';
import type { UnknownBodies } from './unknown-bodies.ts';
import { methodsOf, pathOf } from './unmatched.ts';
import { answerCheckOf, type CheckAnswer, convertQuery, validatorOf } from './validation.ts';

/** What the routes of an API run on. */
export interface Mounting {
  readonly service: Authenticator;
  readonly log: Logger;
  readonly stateOf: (request: FastifyRequest) => RequestState;
  /** Largest request body in bytes, where the API does not take larger ones. */
  readonly bodyLimit: number;
  readonly unknownBodies: UnknownBodies;
  readonly outsideOf: (request: FastifyRequest) => Outside;
}

/** Mounts every route of an API; the scope's error handler is the caller's business. */
export function mountApi(scope: FastifyInstance, api: Api, mounting: Mounting): void {
  for (const route of api.routes) mountRoute(scope, api, route, mounting);
}

function mountRoute(scope: FastifyInstance, api: Api, route: Route, mounting: Mounting): void {
  const { service, log, stateOf, unknownBodies, outsideOf } = mounting;
  const bodyLimit = Math.max(mounting.bodyLimit, api.bodyLimit ?? 0, route.bodyLimit ?? 0);
  /** A request as it is before its body is read, with parameters and query as they came. */
  const bodilessRequest = (request: FastifyRequest, state: RequestState): Omit<ApiRequest, 'body'> => ({
    method: request.method,
    params: { ...(request.params as Readonly<Record<string, string>>) },
    query: { ...(request.query as Readonly<Record<string, unknown>>) },
    headers: plainHeaders(request.headers),
    caller: state.caller,
    ...outsideOf(request),
    url: request.originalUrl,
    requestId: request.id,
    signal: state.abort.signal,
  });
  const decode = requestDecoder(api, route, bodilessRequest);
  const check = answerChecker(route);
  const offered = api.ignoresAccept === true ? [] : offeredTypes(route);

  /** What comes after authentication, and before anything is made of the body. */
  async function admit(request: FastifyRequest, state: RequestState): Promise<void> {
    if (offered.length > 0 && negotiate(request.headers.accept, offered) === null) {
      throw new AppError('not-acceptable', {
        message: `The answer comes as ${offered.join(' or ')} only.`,
        hint: `Send Accept: ${offered[0]}.`,
      });
    }
    await route.admit?.(bodilessRequest(request, state));
  }

  /** The caller who signed in by a way of the API's own. */
  async function ownCaller(request: FastifyRequest, state: RequestState): Promise<Caller> {
    const bytes = state.rawBody === null ? {} : { rawBody: state.rawBody };
    const caller = await api.authenticate?.({ ...bodilessRequest(request, state), ...bytes });
    if (caller !== null && caller !== undefined) return caller;
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }

  scope.route({
    method: [...methodsOf(route)],
    url: pathOf(api, route),
    bodyLimit,
    // Before the body is read: nobody without credentials makes the server parse anything.
    async onRequest(request, reply) {
      // The router lets a parameter match nothing at all; such an address is another one.
      if (hasEmptyPart(request)) {
        reply.callNotFound();
        return reply;
      }
      const state = stateOf(request);
      state.api = api.id;
      const { authorization } = request.headers;
      const way = api.signInOf?.(plainHeaders(request.headers)) ?? null;
      const hasCredentials = authorization !== undefined || way !== null;
      if (route.access === 'authenticated' || (route.access === 'optional' && hasCredentials)) {
        refuseOtherSites(route, request);
        if (way === 'body') {
          const { 'content-length': length } = request.headers;
          const leave = await unknownBodies.admit(length, bodyLimit, state.abort.signal);
          reply.raw.once('close', leave);
          state.knowsCaller = leave;
          return undefined;
        }
        state.caller =
          way === 'headers'
            ? await ownCaller(request, state)
            : await authenticate(service, authorization, api);
      }
      await admit(request, state);
      return undefined;
    },
    async handler(request: FastifyRequest, reply: FastifyReply) {
      const state = stateOf(request);
      if (state.knowsCaller !== null) {
        state.caller = await ownCaller(request, state);
        state.knowsCaller();
        await admit(request, state);
      }
      const answer = await route.handle(decode(request, state));
      const mediaType = mediaTypeOf(answer, route.responses[answer.status]?.mediaType);
      check(answer, mediaType);
      return sendReply(request, reply, answer, mediaType, {
        log,
        signal: state.abort.signal,
        onEndless: state.markEndless,
      });
    },
  });
}

/**
 * A browser sends the credentials that it has with the forms of any page; it tells so, and changes that another site
 * asks for are refused.
 */
function refuseOtherSites(route: Route, request: FastifyRequest): void {
  if (route.method === 'GET' || request.headers['sec-fetch-site'] !== 'cross-site') return;
  throw new AppError('forbidden', {
    message: 'The request comes from a page of another site.',
    hint: 'Send it from a page of this service, or from a program.',
  });
}

/** The media types that a good answer of this route can have; empty when it never has a body. */
function offeredTypes(route: Route): readonly string[] {
  const good = Object.entries(route.responses).filter(([status]) => Number(status) < 300);
  return [
    ...new Set(
      good.flatMap(([, answer]) => [
        ...(answer.mediaType === undefined ? [] : [answer.mediaType]),
        ...(answer.mediaType === undefined && answer.schema !== null ? ['application/json'] : []),
        ...(answer.otherMediaTypes ?? []),
      ]),
    ),
  ];
}

const hasEmptyPart = (request: FastifyRequest): boolean =>
  Object.entries(request.params as Readonly<Record<string, string>>).some(
    ([name, value]) => name !== '*' && value === '',
  );

/** Makes the request that a route sees; throws `request-malformed` or `field-invalid`. */
function requestDecoder(
  api: Api,
  route: Route,
  bodilessRequest: (request: FastifyRequest, state: RequestState) => Omit<ApiRequest, 'body'>,
): (request: FastifyRequest, state: RequestState) => ApiRequest {
  const validateParams = route.params && validatorOf('params', route.params);
  const validateQuery = route.query && validatorOf('query', route.query);
  const validateBody = route.body && validatorOf('body', route.body);
  return (request, state) => {
    const params = { ...(request.params as Readonly<Record<string, string>>) };
    validateParams?.(params);
    const query = convertQuery(route.query, request.query as Readonly<Record<string, unknown>>);
    validateQuery?.(query);
    const isRaw = api.readsRawBodies === true;
    const body = isRaw
      ? readRawBody(state.rawBody, request.headers['content-type'], api, route)
      : request.body;
    if (validateBody !== undefined) {
      if (body === undefined) {
        throw new AppError('request-malformed', { message: 'The request has no body.' });
      }
      validateBody(body);
    }
    const bytes = isRaw ? { rawBody: state.rawBody ?? new Uint8Array() } : {};
    return { ...bodilessRequest(request, state), params, query, body, ...bytes };
  };
}

/** Holds answers to what their route declares: anything else is a defect of ours and never leaves. */
function answerChecker(route: Route): (answer: ApiReply, mediaType: string) => void {
  const checks = new Map<number, CheckAnswer>(
    Object.entries(route.responses).flatMap(([status, { schema }]) =>
      schema === null ? [] : [[Number(status), answerCheckOf(schema)] as const],
    ),
  );
  const defect = (message: string): AppError =>
    new AppError('internal', { message: `${route.operationId}: ${message}` });
  return (answer, mediaType) => {
    if (!Object.hasOwn(route.responses, answer.status)) {
      throw defect(`the answer has the undeclared status ${answer.status}`);
    }
    const check = checks.get(answer.status);
    if (check === undefined || answer.stream !== undefined || !isJson(mediaType)) return;
    const fault = check(answer.body);
    if (fault !== null) throw defect(`the answer ${answer.status} is not as declared: ${fault}`);
  };
}
