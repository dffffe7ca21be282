import { Readable } from 'node:stream';
import type { HttpHeaders, HttpOperationResponse, IHttpClient, WebResource } from '@azure/storage-blob';
import { AppError } from '../../core/errors.ts';
import { type HttpResponse, sendRequest } from '../../network/http-request.ts';
import type { NetworkAgents } from '../../network/network.ts';
import { piecesOf } from '../blocks/body-pieces.ts';

/** Pages of lists are some megabytes at most; more is no answer of a storage. */
const maxAnswerBytes = 64 * 1024 ** 2;

/** From such a size on it is worth asking whether a body is wanted. */
const asksFromBytes = 1024 ** 2;

/** Sends what the Azure client asks for through agents of the network; proxies of the environment and redirects are not followed. */
export const azureHttpClient = (agents: NetworkAgents): IHttpClient => ({
  async sendRequest(request) {
    const url = new URL(request.url);
    const body = bodyOf(request);
    const response = await sendRequest(
      agents,
      {
        method: request.method,
        url,
        headers: request.headers.rawHeaders(),
        body: body === null ? null : piecesOf(body, () => request.onUploadProgress?.({ loadedBytes: 0 })),
        asksFirst: body !== null && body.length >= asksFromBytes,
      },
      // Without one, nobody can abort: so it is for tokens.
      request.abortSignal instanceof AbortSignal ? request.abortSignal : new AbortController().signal,
    );
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      response.discard();
      throw new AppError('storage-failed', {
        message: `${url.host} answers with a redirect (${response.status}), which storages of Azure never do.`,
        hint: 'Check the endpoint of the location.',
        temporary: false,
      });
    }
    return await answerOf(request, response);
  },
});

function bodyOf({ body }: WebResource): Uint8Array | null {
  if (body === undefined || body === null || body.length === 0) return null;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError('The Azure client sends a body of an unknown type.');
}

async function answerOf(request: WebResource, response: HttpResponse): Promise<HttpOperationResponse> {
  const { status } = response;
  const answer = { request, status, headers: headersOf(request, response) };
  if (request.streamResponseStatusCodes?.has(status) === true)
    return { ...answer, readableStreamBody: Readable.from(response.body, { objectMode: false }) };
  return { ...answer, bodyAsText: await response.text(maxAnswerBytes) };
}

/** The client does not export its class of headers, so that of the request is taken over. */
function headersOf(request: WebResource, response: HttpResponse): HttpHeaders {
  const headers = request.headers.clone();
  for (const { name } of headers.headersArray()) headers.remove(name);
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers.set(name, String(value));
  }
  return headers;
}
