import { AppError } from '../../../core/errors.ts';
import type { HttpResponse } from '../../../network/http-request.ts';
import { type PartProtocol, type PartUpload, uploadInParts } from '../../blocks/part-upload.ts';
import type { ByteSource, PutOptions } from '../../storage.ts';
import type { WebClient, WebRequest } from '../../web/client.ts';
import type { WebOperation } from '../../web/status.ts';
import { type OciBucket, objectUrl, subjectOf, withQuery } from './bucket.ts';
import { ociRefusal } from './classify.ts';

/** One object of a bucket, over one client. */
export interface OciObject {
  readonly client: WebClient;
  readonly bucket: OciBucket;
  readonly name: string;
}

const mebibyte = 1024 ** 2;
const sizes = { minPartBytes: 10 * mebibyte, maxPartBytes: 5 * 1024 * mebibyte, maxParts: 10_000 };
const json = { 'content-type': 'application/json' };

/** Uploads that this process has under way, by id, so that a sweep spares them. */
const live = new Set<string>();
export const isLive = (uploadId: string): boolean => live.has(uploadId);

const cleanUpMs = 10_000;

/** Sends a request and throws what a refusal means. */
export async function ask(
  { client, bucket, name }: OciObject,
  operation: WebOperation,
  request: WebRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await client.send(request, signal);
  if (response.status < 300) return response;
  throw await ociRefusal(response, operation, subjectOf(bucket, name));
}

/** Stores an object in one request or in parts, whichever its size asks for. */
export async function putObject(
  object: OciObject,
  begin: (signal: AbortSignal) => Promise<PartUpload>,
  source: ByteSource,
  { ifExists, expectedBytes, onSent }: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  const protocol: PartProtocol = {
    ...sizes,
    async putWhole(bytes, late) {
      const url = objectUrl(object.bucket, object.name);
      const headers = { 'content-length': bytes.length, ...conditionOf(ifExists) };
      (await ask(object, 'put', { method: 'PUT', url, headers, body: bytes, onSent }, late)).discard();
    },
    begin,
  };
  return await uploadInParts(protocol, source, expectedBytes, signal, onSent);
}

export const conditionOf = (ifExists: PutOptions['ifExists']): Readonly<Record<string, string>> =>
  ifExists === 'fail' ? { 'if-none-match': '*' } : {};

/** An upload in parts with a signed request for each. */
export async function beginSigned(
  object: OciObject,
  { ifExists, onSent }: PutOptions,
  signal: AbortSignal,
): Promise<PartUpload> {
  const { bucket, name } = object;
  const created = await ask(
    object,
    'put',
    {
      method: 'POST',
      url: withQuery(bucket, 'u', {}),
      headers: { ...json, ...conditionOf(ifExists) },
      body: Buffer.from(JSON.stringify({ object: `${bucket.prefix}${name}` })),
    },
    signal,
  );
  const uploadId = textField(await created.text(), 'uploadId');
  live.add(uploadId);
  const tags = new Map<number, string>();
  return {
    async send(number, bytes, late) {
      const url = objectUrl(bucket, name, 'u', { uploadId, uploadPartNum: String(number) });
      const headers = { 'content-length': bytes.length };
      const response = await ask(object, 'put', { method: 'PUT', url, headers, body: bytes, onSent }, late);
      response.discard();
      tags.set(number, response.headers.etag ?? '');
    },
    async commit(parts, late) {
      const partsToCommit = Array.from({ length: parts }, (_, index) => ({
        partNum: index + 1,
        etag: tags.get(index + 1) ?? '',
      }));
      const request = {
        method: 'POST',
        url: objectUrl(bucket, name, 'u', { uploadId }),
        headers: { ...json, ...conditionOf(ifExists) },
        body: Buffer.from(JSON.stringify({ partsToCommit })),
      };
      (await ask(object, 'put', request, late)).discard();
      live.delete(uploadId);
    },
    async abort() {
      live.delete(uploadId);
      await abortUpload(object, objectUrl(bucket, name, 'u', { uploadId }));
    },
  };
}

/** An upload in parts by a pre-authenticated request, which the storage answers with a token for the upload. */
export async function beginPreAuthenticated(
  object: OciObject,
  { ifExists, onSent }: PutOptions,
  signal: AbortSignal,
): Promise<PartUpload> {
  const { bucket, name } = object;
  const headers = { 'opc-multipart': 'true', 'content-length': 0, ...conditionOf(ifExists) };
  const url = objectUrl(bucket, name);
  const created = await ask(object, 'put', { method: 'PUT', url, headers }, signal);
  const base = new URL(textField(await created.text(), 'accessUri').replace(/\/?$/, '/'), bucket.root);
  if (base.origin !== bucket.root.origin) throw odd('an upload at another host');
  return {
    async send(number, bytes, late) {
      const part = new URL(String(number), base);
      const length = { 'content-length': bytes.length };
      const request = { method: 'PUT', url: part, headers: length, body: bytes, onSent };
      (await ask(object, 'put', request, late)).discard();
    },
    async commit(_parts, late) {
      const length = { 'content-length': 0, ...conditionOf(ifExists) };
      (await ask(object, 'put', { method: 'POST', url: base, headers: length }, late)).discard();
    },
    abort: () => abortUpload(object, base),
  };
}

async function abortUpload(object: OciObject, url: URL): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpMs);
  (await ask(object, 'put', { method: 'DELETE', url }, signal)).discard();
}

/** A text member of a JSON answer. */
function textField(text: string, name: string): string {
  try {
    const value = (JSON.parse(text) as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'string' && value !== '') return value;
  } catch {
    // Said below.
  }
  throw odd(`no ${name}`);
}

const odd = (what: string): AppError =>
  new AppError('storage-failed', {
    message: `The object storage answers the beginning of an upload with ${what}.`,
    operation: 'put',
    temporary: false,
  });
