import { createHash, createPublicKey, type KeyObject, randomUUID, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A fake, for want of a server of Oracle's object storage that could be had: one bucket in memory, as strict as Oracle's documentation has it.
 * It checks every signature, wants the length of every body, refuses parts and tags that it does not know, and lets a pre-authenticated request
 * neither list nor remove.
 */
export interface OciFake extends AsyncDisposable {
  readonly port: number;
  /** `/n/NAMESPACE/b/BUCKET/o/` */
  readonly path: string;
  /** `/p/TOKEN/n/NAMESPACE/b/BUCKET/o/` */
  readonly preAuthenticatedPath: string;
  /** Uploads in parts that have not come to an end. */
  unfinished(): readonly string[];
}

interface Upload {
  readonly object: string;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
  readonly token: string | null;
}

const bucketPath = '/n/tests/b/dumps';
const token = 'token-of-the-pre-authenticated-request';

interface Asked {
  readonly method: string;
  /** Below the bucket. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly isSigned: boolean;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | string;
}

/** @param keyId whose requests are taken, signed with the private part of `publicKey` */
export async function startOciFake(keyId: string, publicKey: string): Promise<OciFake> {
  const key = createPublicKey(publicKey);
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Upload>();

  const store = (name: string, bytes: Buffer, headers: Asked['headers']): Reply => {
    if (headers['if-none-match'] === '*' && objects.has(name)) throw new Refusal(412, 'IfNoneMatchFailed');
    objects.set(name, bytes);
    return { status: 200, headers: { etag: etagOf(bytes) } };
  };
  const uploadOf = (id: string | null, object: string): Upload => {
    const upload = uploads.get(id ?? '');
    if (upload === undefined || upload.object !== object) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  };
  const addPart = (upload: Upload, number: number, { body, headers }: Asked): Reply => {
    if (headers['content-length'] === undefined) throw new Refusal(411, 'MissingContentLength');
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw new Refusal(400, 'InvalidUploadPart');
    upload.parts.set(number, { bytes: body, etag: etagOf(body) });
    return { status: 200, headers: { etag: etagOf(body) } };
  };
  const commit = (id: string, upload: Upload, numbers: readonly number[], asked: Asked): Reply => {
    const parts = numbers.map((number) => upload.parts.get(number)?.bytes ?? Buffer.alloc(0));
    const reply = store(upload.object, Buffer.concat(parts), asked.headers);
    uploads.delete(id);
    return reply;
  };

  /** `/o` and `/o/NAME` */
  const onObject = (asked: Asked, name: string): Reply => {
    const { method, headers, query, body, isSigned } = asked;
    if (name === '') {
      if (method !== 'GET' || !isSigned) throw new Refusal(404, 'BucketNotFound');
      return listOf(objects, query);
    }
    const found = objects.get(name);
    switch (method) {
      case 'PUT':
        if (headers['content-length'] === undefined) throw new Refusal(411, 'MissingContentLength');
        if (headers['opc-multipart'] !== 'true') return store(name, body, headers);
        if (headers['if-none-match'] === '*' && found !== undefined)
          throw new Refusal(412, 'IfNoneMatchFailed');
        return begin(name, true);
      case 'HEAD':
      case 'GET':
        if (found === undefined) throw new Refusal(404, 'ObjectNotFound');
        return contentOf(found, headers.range);
      case 'DELETE':
        if (!isSigned) throw new Refusal(405, 'MethodNotAllowed');
        if (!objects.delete(name)) throw new Refusal(404, 'ObjectNotFound');
        return { status: 204 };
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  };

  const begin = (object: string, isPreAuthenticated: boolean): Reply => {
    const uploadId = randomUUID();
    const own = isPreAuthenticated ? randomUUID() : null;
    uploads.set(uploadId, { object, parts: new Map(), token: own });
    const place = object.split('/').map(encodeURIComponent).join('/');
    const accessUri = own === null ? null : `/p/${own}${bucketPath}/u/${place}/id/${uploadId}/`;
    return { status: 200, body: JSON.stringify({ object, uploadId, accessUri }) };
  };

  /** `/u` and `/u/NAME`, signed. */
  const onUpload = (asked: Asked, name: string): Reply => {
    const { method, query, body, headers } = asked;
    if (name === '' && method === 'POST') {
      const { object } = JSON.parse(body.toString()) as { readonly object: string };
      if (headers['if-none-match'] === '*' && objects.has(object))
        throw new Refusal(412, 'IfNoneMatchFailed');
      return begin(object, false);
    }
    if (name === '' && method === 'GET') {
      const list = [...uploads].map(([uploadId, { object }]) => ({ object, uploadId }));
      return { status: 200, body: JSON.stringify(list) };
    }
    const id = query.get('uploadId') ?? '';
    const upload = uploadOf(id, name);
    if (method === 'PUT') return addPart(upload, Number(query.get('uploadPartNum')), asked);
    if (method === 'DELETE') {
      uploads.delete(id);
      return { status: 204 };
    }
    const { partsToCommit } = JSON.parse(body.toString()) as {
      readonly partsToCommit: readonly { readonly partNum: number; readonly etag: string }[];
    };
    for (const { partNum, etag } of partsToCommit) {
      if (upload.parts.get(partNum)?.etag !== etag) throw new Refusal(400, 'InvalidUploadPart');
    }
    return commit(
      id,
      upload,
      partsToCommit.map(({ partNum }) => partNum),
      asked,
    );
  };

  /** `/u/NAME/id/ID/` and `/u/NAME/id/ID/PART`, by the token of the upload. */
  const onTokenUpload = (asked: Asked, own: string): Reply => {
    const [, place = '', id = '', part = ''] = /^\/u\/(.*)\/id\/([^/]+)\/(\d*)$/.exec(asked.path) ?? [];
    const upload = uploadOf(id, decodeURIComponent(place));
    if (upload.token !== own) throw new Refusal(404, 'NotAuthorizedOrNotFound');
    if (asked.method === 'PUT') return addPart(upload, Number(part), asked);
    if (part !== '') throw new Refusal(405, 'MethodNotAllowed');
    if (asked.method === 'DELETE') {
      uploads.delete(id);
      return { status: 204 };
    }
    return commit(
      id,
      upload,
      [...upload.parts.keys()].sort((a, b) => a - b),
      asked,
    );
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '', 'http://fake');
    const [, own, rest = ''] = /^(?:\/p\/([^/]+))?(\/n\/.*)$/.exec(url.pathname) ?? [];
    if (own === undefined) checkSignature(request, Buffer.concat(chunks), keyId, key);
    if (!rest.startsWith(`${bucketPath}/`)) throw new Refusal(404, 'BucketNotFound');
    const asked: Asked = {
      method: request.method ?? '',
      path: rest.slice(bucketPath.length),
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
      isSigned: own === undefined,
    };
    const [, kind, name = ''] = /^\/(o|u)(?:\/(.*))?$/s.exec(asked.path) ?? [];
    if (kind === 'o' && (own === undefined || own === token))
      return onObject(asked, decodeURIComponent(name));
    if (kind === 'u' && own === undefined) return onUpload(asked, decodeURIComponent(name));
    if (kind === 'u' && own !== undefined) return onTokenUpload(asked, own);
    throw new Refusal(404, 'NotAuthorizedOrNotFound');
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (reply) => send(response, request, reply),
      (error: unknown) => {
        if (!(error instanceof Refusal)) {
          // The client has gone.
          response.destroy();
          return;
        }
        const body = JSON.stringify({ code: error.code, message: 'as the fake has it' });
        send(response, request, { status: error.status, body });
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    path: `${bucketPath}/o/`,
    preAuthenticatedPath: `/p/${token}${bucketPath}/o/`,
    unfinished: () => [...uploads.values()].map(({ object }) => object),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Also while a test sets the clock of its process. */
const realNow = (): number => performance.timeOrigin + performance.now();

const etagOf = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

function send(response: ServerResponse, request: IncomingMessage, { status, headers, body }: Reply): void {
  const bytes = Buffer.from(body ?? '');
  response.writeHead(status, { 'content-length': bytes.length, ...headers });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Pages of two, so that tests see several. */
function listOf(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): Reply {
  const start = Buffer.from(query.get('start') ?? '');
  const names = [...objects.keys()]
    .filter((name) => name.startsWith(query.get('prefix') ?? ''))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .filter((name) => Buffer.compare(Buffer.from(name), start) >= 0);
  const page = names.slice(0, 2).map((name) => ({ name, size: objects.get(name)?.length }));
  return { status: 200, body: JSON.stringify({ objects: page, nextStartWith: names[2] ?? null }) };
}

function contentOf(bytes: Buffer, range: string | undefined): Reply {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  if (first === '') return { status: 200, body: bytes, headers: { 'content-length': bytes.length } };
  const [start, end] = [Number(first), Math.min(Number(last), bytes.length - 1)];
  if (start >= bytes.length) throw new Refusal(416, 'InvalidRange');
  return {
    status: 206,
    body: bytes.subarray(start, end + 1),
    headers: { 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  };
}

/** Throws what Oracle answers to a request that is not signed as its documentation asks for. */
function checkSignature(
  { headers, method = '', url = '' }: IncomingMessage,
  body: Buffer,
  keyId: string,
  key: KeyObject,
): void {
  const refused = new Refusal(401, 'NotAuthenticated');
  const fields = Object.fromEntries(
    [...(headers.authorization ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  ) as Readonly<Record<string, string>>;
  const names = (fields.headers ?? '').split(' ');
  const wanted = ['date', '(request-target)', 'host'];
  if (method === 'POST') wanted.push('content-length', 'content-type', 'x-content-sha256');
  const isComplete = wanted.every((name) => names.includes(name));
  if (fields.keyId !== keyId || fields.version !== '1' || !isComplete) throw refused;
  if (Math.abs(Date.parse(headers.date ?? '') - realNow()) > 300_000) throw refused;
  const digest = createHash('sha256').update(body).digest('base64');
  if (method === 'POST' && headers['x-content-sha256'] !== digest) throw refused;
  const lines = names.map((name) =>
    name === '(request-target)' ? `${name}: ${method.toLowerCase()} ${url}` : `${name}: ${headers[name]}`,
  );
  const signature = Buffer.from(fields.signature ?? '', 'base64');
  if (!verify('sha256', Buffer.from(lines.join('\n')), key, signature)) throw refused;
}
