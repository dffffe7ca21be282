import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Api, Route } from '../apis/api.ts';
import { essenceOf } from '../base/media-type.ts';
import { AppError } from '../core/errors.ts';
import type { RequestState } from './request-state.ts';

const jsonMediaType = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;

/**
 * Bodies are JSON: anything else is `media-type-unsupported`. An empty body counts as none whatever its media type,
 * since many clients send a Content-Type with every POST.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    jsonMediaType,
    { parseAs: 'string' },
    async (_request: FastifyRequest, text: string) => (text === '' ? undefined : parseJson(text)),
  );
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    const { 'content-length': length, 'transfer-encoding': encoding, 'content-type': sent } = request.headers;
    if (length === '0' || (length === undefined && encoding === undefined)) return undefined;
    throw unreadType(sent);
  });
}

/** In the scope of one API: what comes without a Content-Type is JSON too. */
export function acceptUntypedJson(scope: FastifyInstance): void {
  scope.removeContentTypeParser('*');
  scope.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, text: string) => {
    if (text === '') return undefined;
    const { 'content-type': sent } = request.headers;
    if (sent === undefined) return parseJson(text);
    throw unreadType(sent);
  });
}

/** In the scope of one API: bodies are kept as they came, for {@link readRawBody}. */
export function keepRawBodies(
  scope: FastifyInstance,
  stateOf: (request: FastifyRequest) => RequestState,
): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, bytes: Buffer) => {
    stateOf(request).rawBody = bytes;
    return undefined;
  });
}

/** What a kept body says: JSON, or undefined where there is none and where the route takes it as it is. */
export function readRawBody(
  bytes: Buffer | null,
  sent: string | undefined,
  { takesUntypedBodies }: Pick<Api, 'takesUntypedBodies'>,
  { rawMediaTypes = [] }: Pick<Route, 'rawMediaTypes'>,
): unknown {
  if (bytes === null || bytes.length === 0) return undefined;
  if (sent !== undefined && rawMediaTypes.includes(essenceOf(sent))) return undefined;
  const isJson = sent === undefined ? takesUntypedBodies === true : jsonMediaType.test(sent);
  if (isJson) return parseJson(bytes.toString('utf8'));
  throw unreadType(sent);
}

const unreadType = (sent: string | undefined): AppError =>
  new AppError('media-type-unsupported', {
    message:
      sent === undefined
        ? 'The request body has no Content-Type.'
        : `A request body of type ${sent.split(';', 1)[0]} is not read here.`,
  });

/** Throws `request-malformed`; the message has the place of the error but nothing of the body, which may hold secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key: string, value: unknown) => {
      // Such a member would become the prototype of whatever the body is copied into.
      if (key === '__proto__') throw new SyntaxError('A member is named __proto__');
      return value;
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const place = /at position \d+(?: \(line \d+ column \d+\))?/.exec(message)?.[0];
    const reason = /Unexpected end|__proto__/.test(message) ? message : place;
    throw new AppError('request-malformed', {
      message: `The request body is not valid JSON${reason === undefined ? '' : `: ${reason}`}.`,
    });
  }
}
