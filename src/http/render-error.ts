import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api } from '../apis/api.ts';
import type { Logger } from '../core/context.ts';
import { AppError, toErrorRecord } from '../core/errors.ts';
import { fromFastify } from './fastify-errors.ts';
import { plainHeaders } from './plain-headers.ts';
import type { RequestState } from './request-state.ts';
import { mediaTypeOf, sendReply } from './send-reply.ts';

export interface ErrorRendering {
  readonly log: Logger;
  readonly bodyLimit: number;
  readonly stateOf: (request: FastifyRequest) => RequestState;
}

/**
 * Answers with an error in the words of `api`. Defects are logged with everything and told to the caller without
 * anything from inside; a 401 carries the API's challenge.
 */
export async function renderError(
  raw: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  api: Api,
  rendering: ErrorRendering,
): Promise<FastifyReply> {
  const { log, bodyLimit, stateOf } = rendering;
  const state = stateOf(request);
  const error = fromFastify(raw, request.routeOptions.bodyLimit ?? bodyLimit);
  state.api = api.id;
  state.errorCode = error.code;
  logError(log, error, request.id);

  const answer = api.encodeError(error.kind === 'internal' ? withoutInsides(error, request.id) : error, {
    requestId: request.id,
    headers: plainHeaders(request.headers),
  });
  for (const stale of ['etag', 'content-length', 'location', 'content-disposition', 'cache-control']) {
    reply.removeHeader(stale);
  }
  // Fastify's word for a body that was not read to its end; HTTP/2 ends the stream instead.
  if (request.raw.httpVersionMajor > 1) reply.removeHeader('connection');
  if (error.code === 'unauthenticated') reply.header('www-authenticate', api.challenge);
  return sendReply(request, reply, answer, mediaTypeOf(answer, undefined), {
    log,
    signal: state.abort.signal,
    onEndless: state.markEndless,
  });
}

function logError(log: Logger, error: AppError, requestId: string): void {
  const data = { request_id: requestId, ...toErrorRecord(error), ...error.context };
  if (error.kind === 'internal') log.error('a request failed by a defect', { ...data, error });
  else if (error.kind === 'unavailable' || error.kind === 'timeout') log.warn('a request failed', data);
  else log.debug('a request was refused', data);
}

const withoutInsides = (error: AppError, requestId: string): AppError =>
  new AppError('internal', {
    message: 'Something went wrong inside Pumphouse.',
    hint: `Look for request ${requestId} in the log of the service, and report it.`,
    cause: error,
  });
