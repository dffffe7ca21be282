import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Accounts, createAccounts, type Rights } from './gcs-fake/accounts.ts';
import {
  answerJson,
  answerRefusal,
  bodyOf,
  checkParameters,
  invalid,
  notFound,
  Refusal,
} from './gcs-fake/answers.ts';
import { type Bucket, createBucket, pageOf, resourceOf } from './gcs-fake/bucket.ts';
import { createUploads, type Uploads } from './gcs-fake/uploads.ts';

/**
 * A fake of Google Cloud Storage's JSON API. A real server that can be started privately does not exist, and the emulators there are take
 * what the storage refuses. This one is written after the documentation and strict: it verifies the signature, the times and the scope of
 * each request for a token, and refuses wrong offsets, chunks that are no multiple of 256 KiB, unknown parameters, and writes whose
 * precondition does not hold. What it proves is that the driver keeps to the documented protocol; that Google does is taken on trust.
 */
export interface GcsFake extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  readonly accounts: Accounts;
  readonly uploads: Uploads;
  /** The key file of a new service account. */
  keyFile(name: string, rights: Rights, isForged?: boolean): string;
  makeBucket(name: string, isPublic?: boolean): Bucket;
  stop(): Promise<void>;
}

/** So few, that lists have pages. */
const pageSize = 3;

/** Starts one on a free port of 127.0.0.1. */
export async function startGcsFake(): Promise<GcsFake> {
  const accounts = createAccounts();
  const uploads = createUploads();
  const buckets = new Map<string, Bucket>();
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return response.destroy();
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'internalError', String(error));
      request.resume();
      return answerRefusal(response, refusal);
    });
  });
  server.listen(0, '127.0.0.1');
  server.unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', endpoint);
    if (url.pathname === '/token') {
      const form = new URLSearchParams((await bodyOf(request)).bytes.toString());
      const { status, answer } = accounts.grant(form, `${endpoint}/token`);
      return answerJson(response, status, answer);
    }
    if (url.pathname === '/upload/session')
      return await uploads.go(url.searchParams.get('upload_id') ?? '', request, response);
    const [, upload, bucketName = '', key] =
      /^\/(upload\/)?storage\/v1\/b\/([^/]+)\/o(?:\/([^/]*))?$/.exec(url.pathname) ?? [];
    const bucket = buckets.get(bucketName);
    const { authorization } = request.headers;
    const rights = authorization === undefined ? null : accounts.rightsOf(authorization);
    const isRead = request.method === 'GET';
    if (rights === null && !(bucket?.isPublic === true && isRead)) {
      throw new Refusal(401, 'required', 'Anonymous caller does not have access to the bucket.');
    }
    if (bucket === undefined) throw notFound('The specified bucket does not exist.');
    if (!isRead && rights !== 'write') {
      throw new Refusal(403, 'forbidden', 'The account does not have storage.objects.create access.');
    }
    if (upload !== undefined) return await uploads.begin(bucket, url.searchParams, request, response);
    if (key !== undefined) return object(bucketName, bucket, decodeURIComponent(key), url, request, response);
    if (!isRead) throw invalid('A bucket takes GET there.');
    checkParameters(url.searchParams, ['prefix', 'fields', 'pageToken']);
    answerJson(response, 200, pageOf(bucket, url.searchParams, pageSize));
  };

  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    port,
    endpoint,
    accounts,
    uploads,
    keyFile: (name, rights, isForged) => accounts.add(name, rights, `${endpoint}/token`, isForged),
    makeBucket(name, isPublic = false) {
      const bucket = createBucket(name, isPublic);
      buckets.set(name, bucket);
      return bucket;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** GET, with `alt=media` of the content, or DELETE of one object. */
function object(
  bucketName: string,
  bucket: Bucket,
  key: string,
  { searchParams: query }: URL,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const found = bucket.objects.get(key);
  if (found === undefined) {
    if (query.get('alt') !== 'media') throw notFound(`No such object: ${bucketName}/${key}`);
    response.writeHead(404, { 'content-type': 'text/html; charset=UTF-8' });
    response.end(`No such object: ${bucketName}/${key}`);
    return;
  }
  if (request.method === 'DELETE') {
    checkParameters(query, ['ifGenerationMatch']);
    bucket.check(key, query.get('ifGenerationMatch'));
    bucket.objects.delete(key);
    response.writeHead(204).end();
    return;
  }
  if (request.method !== 'GET') throw invalid('An object takes GET and DELETE there.');
  checkParameters(query, ['alt', 'fields']);
  if (query.get('alt') === 'media') sendContent(found.content, request.headers.range, response);
  else answerJson(response, 200, resourceOf(found, query.get('fields')));
}

function sendContent(content: Buffer, wanted: string | undefined, response: ServerResponse): void {
  const headers = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes' };
  if (wanted === undefined) {
    response.writeHead(200, { ...headers, 'content-length': content.length }).end(content);
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(wanted) ?? [];
  const [start, end] = [Number(first), Math.min(Number(last), content.length - 1)];
  if (!(start <= end)) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}`, 'content-length': 0 }).end();
    return;
  }
  const part = content.subarray(start, end + 1);
  response
    .writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${end}/${content.length}`,
      'content-length': part.length,
    })
    .end(part);
}
