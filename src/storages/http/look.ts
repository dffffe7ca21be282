import { isFolderRedirect, type WebClient } from '../web/client.ts';
import { lengthOf, totalOf } from '../web/get.ts';
import { refusalOf } from '../web/status.ts';

/** What a server shows at an address. */
export type Look =
  | { readonly is: 'file'; readonly bytes: number; readonly version: string }
  | { readonly is: 'nothing' }
  /** The server lets nobody look, or does not tell the size. */
  | { readonly is: 'hidden'; readonly status: number };

const forbidding = [401, 403, 405, 501];

/** Asks by HEAD, and by a GET of one byte where that tells no size. Throws what other answers mean. */
export async function lookAt(
  client: WebClient,
  url: URL,
  subject: string,
  signal: AbortSignal,
): Promise<Look> {
  const headers = { 'accept-encoding': 'identity' };
  const response = await client.send({ method: 'HEAD', url, headers }, signal);
  response.discard();
  if (response.status === 404 || response.status === 410 || isFolderRedirect(response, url))
    return { is: 'nothing' };
  if (forbidding.includes(response.status)) return { is: 'hidden', status: response.status };
  if (response.status !== 200) throw await refusalOf(response, 'stat', subject);
  const version = `${response.headers.etag ?? ''} ${response.headers['last-modified'] ?? ''}`;
  const bytes = lengthOf(response) ?? (await sizeByGet(client, url, signal));
  return bytes === null ? { is: 'hidden', status: response.status } : { is: 'file', bytes, version };
}

/** Null: the server does not tell. */
async function sizeByGet(client: WebClient, url: URL, signal: AbortSignal): Promise<number | null> {
  const headers = { 'accept-encoding': 'identity', range: 'bytes=0-0' };
  const response = await client.send({ method: 'GET', url, headers }, signal);
  response.discard();
  if (response.status === 206 || response.status === 416) return totalOf(response);
  return response.status === 200 ? lengthOf(response) : null;
}
