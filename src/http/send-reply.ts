import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiReply } from '../apis/api.ts';
import { etagMatches } from '../base/etag.ts';
import { essenceOf, isJson } from '../base/media-type.ts';
import type { Logger } from '../core/context.ts';
import { AppError, isInterruption } from '../core/errors.ts';

/** What sending needs to know about the request it answers. */
export interface Sending {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called when the answer is a stream of events. */
  readonly onEndless: () => void;
}

const defaultMediaType = (body: unknown): string =>
  typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json';

/**
 * The media type of an answer: as its header says, else as its route declares it, else by what the body is.
 */
export function mediaTypeOf(answer: ApiReply, declared: string | undefined): string {
  const header = Object.entries(answer.headers ?? {}).find(([name]) => name.toLowerCase() === 'content-type');
  return header?.[1] ?? declared ?? defaultMediaType(answer.body);
}

/**
 * Sends an answer. GET and HEAD honour If-None-Match (304) and If-Match (throws `precondition-failed`) against its ETag.
 * A stream is read one piece ahead, so that what fails at once is still an error with a status.
 */
export async function sendReply(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: ApiReply,
  mediaType: string,
  sending: Sending,
): Promise<FastifyReply> {
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const etag = reply.getHeader('etag');
  if (isRead && answer.status === 200 && typeof etag === 'string') {
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers;
    if (ifMatch !== undefined && !etagMatches(ifMatch, etag)) {
      throw new AppError('precondition-failed', {
        message: 'The resource is not the one that If-Match names.',
      });
    }
    if (ifNoneMatch !== undefined && etagMatches(ifNoneMatch, etag)) {
      await discard(answer);
      return reply.code(304).send();
    }
  }
  if (!reply.hasHeader('cache-control')) {
    reply.header('cache-control', etag === undefined ? 'no-store' : 'private, no-cache');
  }
  reply.code(answer.status);
  if (answer.stream !== undefined) return sendStream(request, reply, answer.stream, mediaType, sending);
  if (answer.body === undefined) return reply.send();
  reply.header('content-type', mediaType);
  const text = isJson(mediaType) ? JSON.stringify(answer.body) : String(answer.body);
  return reply.send(Buffer.from(text, 'utf8'));
}

/** Lets go of a stream that nobody will read. */
async function discard(answer: ApiReply): Promise<void> {
  await answer.stream?.[Symbol.asyncIterator]().return?.();
}

async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  stream: AsyncIterable<Uint8Array | string>,
  mediaType: string,
  sending: Sending,
): Promise<FastifyReply> {
  reply.header('content-type', mediaType);
  const isEventStream = essenceOf(mediaType) === 'text/event-stream';
  const iterator = stream[Symbol.asyncIterator]();
  if (request.method === 'HEAD') {
    await iterator.return?.();
    return reply.send();
  }
  if (isEventStream) sending.onEndless();
  const first = await iterator.next();
  return reply.send(Readable.from(continued(first, iterator, isEventStream, sending), { objectMode: false }));
}

/**
 * The rest of a stream after its first piece. An interrupted event stream ends in good order; anything else breaks off,
 * so that a part never looks like the whole.
 */
async function* continued(
  first: IteratorResult<Uint8Array | string, unknown>,
  iterator: AsyncIterator<Uint8Array | string>,
  isEventStream: boolean,
  sending: Sending,
): AsyncGenerator<Uint8Array | string> {
  try {
    let piece = first;
    while (piece.done !== true) {
      yield piece.value;
      piece = await iterator.next();
    }
  } catch (error) {
    const isExpected = sending.signal.aborted && isInterruption(error);
    if (!isExpected) sending.log.error('an answer broke off', { error });
    if (!(isExpected && isEventStream)) throw error;
  } finally {
    await iterator.return?.();
  }
}
