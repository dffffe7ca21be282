import {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { releaseChunk } from '../base/release-chunk.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { connectError } from './connect-error.ts';
import type { NetworkAgents } from './network.ts';

/** One request over `node:http` or `node:https`. Redirects are not followed. */
export interface HttpRequest {
  readonly method: string;
  /** `http:` or `https:`, without user name and password. */
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  /**
   * Null: no body. Bytes can be used again afterwards. An iterable is sent with back-pressure, with `content-length` when the headers hold
   * one, else chunked; the memory of its chunks is freed once they are sent.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** Called as bytes of the body leave: a large one takes minutes on a slow line, and that is no silence. */
  readonly onSent?: () => void;
  /** Asks whether the body is wanted before it is sent (`Expect: 100-continue`), so that a refusal costs nothing of it. */
  readonly asksFirst?: boolean;
}

/** The answer, its body not yet read. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends normally only after the announced length; a cut connection throws `storage-unreachable`. Read it or `discard` it. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The body as text, at most `maxBytes` (64 KiB) of it: for error documents and small answers. */
  text(maxBytes?: number): Promise<string>;
  /** Lets go of a body that nobody wants. */
  discard(): void;
}

/** Bodies that are there in one piece leave in pieces of so many bytes: an early answer then saves the rest. */
const pieceBytes = 256 * 1024;

/** Servers that do not know `Expect` wait for the body; so long do we wait for their word. */
const expectPatienceMs = 1000;

/**
 * Sends a request through agents of the network. Resolves with the answer's head, also when it comes before the body is sent: the rest is
 * then not sent. Throws `storage-unreachable` (temporary) when the connection breaks, `address-refused`, what the body's source throws, and the
 * signal's reason.
 */
export async function sendRequest(
  agents: NetworkAgents,
  { method, url, headers, body, onSent = () => undefined, asksFirst = false }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  signal.throwIfAborted();
  const isTls = url.protocol === 'https:';
  const send = isTls ? requestHttps : requestHttp;
  const request = send(url, {
    method,
    headers: asksFirst ? { ...headers, expect: '100-continue' } : headers,
    agent: isTls ? agents.https : agents.http,
    signal,
  });
  const broken = (error: Error): AppError =>
    signal.aborted
      ? toAppError(signal.reason)
      : connectError(error, url.hostname, url.port || (isTls ? 443 : 80));
  const answer = answerOf(request, broken);
  try {
    if (asksFirst) await untilWanted(request, answer.settled);
    if (!answer.isSettled()) {
      if (body === null) request.end();
      else if (body instanceof Uint8Array) await sendBytes(request, body, onSent, answer);
      else await sendBody(request, body, onSent, answer);
    }
  } catch (error) {
    request.destroy();
    throw signal.aborted ? toAppError(signal.reason) : error;
  }
  const message = await answer.message;
  const status = message.statusCode ?? 0;
  if (body !== null && !request.writableEnded && status >= 200 && status < 300) {
    request.destroy();
    throw new AppError('storage-failed', {
      message: `${url.host} answers with ${status} before it has all that was to be sent.`,
      temporary: true,
    });
  }
  // The connection waits for the rest of the body: nobody can use it again.
  if (!request.writableEnded) message.once('end', () => request.destroy());
  if (message.statusCode === 417 && asksFirst) {
    message.destroy();
    return await sendRequest(agents, { method, url, headers, body, onSent }, signal);
  }
  return responseOf(message, method, broken);
}

interface Answer {
  readonly message: Promise<IncomingMessage>;
  /** Resolves when an answer has come or the request has failed. */
  readonly settled: Promise<void>;
  isSettled(): boolean;
}

function answerOf(request: ClientRequest, broken: (error: Error) => AppError): Answer {
  let isSettled = false;
  const message = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => reject(broken(error)));
  });
  const settle = (): void => {
    isSettled = true;
  };
  return { message, settled: message.then(settle, settle), isSettled: () => isSettled };
}

/** Until the server wants the body, has refused it, or says nothing. */
async function untilWanted(request: ClientRequest, settled: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, expectPatienceMs);
  request.once('continue', resolve);
  await Promise.race([promise, settled]);
  clearTimeout(timer);
}

/** Writes the body in pieces, until an answer comes or the request fails. */
async function sendBytes(
  request: ClientRequest,
  body: Uint8Array,
  onSent: () => void,
  answer: Answer,
): Promise<void> {
  let at = 0;
  for (; body.length - at > pieceBytes; at += pieceBytes) {
    if (request.write(body.subarray(at, at + pieceBytes), onSent)) continue;
    await drained(request, answer);
    if (answer.isSettled()) return;
  }
  request.end(body.subarray(at), onSent);
}

async function drained(request: ClientRequest, answer: Answer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  request.once('drain', resolve);
  await Promise.race([promise, answer.settled]);
}

/** Writes the body piece by piece, until an answer comes or the request fails: also while its source has nothing to send. */
async function sendBody(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  onSent: () => void,
  answer: Answer,
): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const step = await Promise.race([iterator.next(), answer.settled]);
      if (step === undefined) return;
      if (step.done === true) break;
      const chunk = step.value;
      const isTaken = request.write(chunk, (error) => {
        if (error !== undefined && error !== null) return;
        onSent();
        releaseChunk(chunk);
      });
      if (isTaken) continue;
      await drained(request, answer);
      if (answer.isSettled()) return;
    }
    isDone = true;
    request.end();
  } finally {
    // Not waited for: a source that has nothing to send may not end before it is aborted.
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

function responseOf(
  message: IncomingMessage,
  method: string,
  broken: (error: Error) => AppError,
): HttpResponse {
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of message) yield chunk as Uint8Array;
    } catch (error) {
      throw broken(error as Error);
    }
    if (!message.complete) throw broken(Object.assign(new Error('cut'), { code: 'ECONNRESET' }));
  }
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    body: body(),
    async text(maxBytes = 64 * 1024) {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of body()) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > maxBytes) break;
      }
      return Buffer.concat(chunks).subarray(0, maxBytes).toString();
    },
    discard() {
      // What is cut off while it is thrown away is no failure.
      message.on('error', () => undefined);
      // A short rest is read, so that the connection can be used again; a long one is not worth it. HEAD announces bytes that never come.
      const rest = Number(message.headers['content-length'] ?? 0);
      if (rest > 64 * 1024 && method !== 'HEAD') message.destroy();
      else message.resume();
    },
  };
}
