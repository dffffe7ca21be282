import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, bodyOf, checkParameters, invalid, notFound, Refusal } from './answers.ts';
import { type Bucket, resourceOf } from './bucket.ts';

const chunkUnit = 256 * 1024;

/** A resumable upload that has begun. */
interface Session {
  readonly bucket: Bucket;
  readonly name: string;
  readonly fields: string | null;
  readonly ifGenerationMatch: string | null;
  readonly held: Buffer[];
  bytes: number;
  /** The object's JSON once it is made: asked for again, the session says it again. */
  result: Readonly<Record<string, unknown>> | null;
}

export interface Uploads {
  /** POST of a small file, or of the beginning of a session. */
  begin(
    bucket: Bucket,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
  /** PUT or DELETE of a session's URL. */
  go(id: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Keys of the sessions that have begun at the bucket and not ended. */
  open(bucket: string): readonly string[];
  /** Of the next chunk, all but the last 256 KiB are kept, as the storage may do. */
  keepLess(): void;
  /** A week has gone by: sessions are forgotten. */
  fade(): void;
}

export function createUploads(): Uploads {
  const sessions = new Map<string, Session>();
  let keepsLess = false;

  /** What has come of a chunk is kept in whole units. */
  const keep = (session: Session, bytes: Buffer): void => {
    const kept = bytes.subarray(0, bytes.length - (bytes.length % chunkUnit));
    session.held.push(kept);
    session.bytes += kept.length;
  };
  const incomplete = (session: Session, response: ServerResponse): void => {
    const range = session.bytes === 0 ? {} : { range: `bytes=0-${session.bytes - 1}` };
    response.writeHead(308, { ...range, 'content-length': 0 }).end();
  };
  const finish = (session: Session, last: Buffer, response: ServerResponse): void => {
    const content = Buffer.concat([...session.held, last]);
    const object = session.bucket.put(session.name, content, session.ifGenerationMatch);
    session.result = resourceOf(object, session.fields);
    session.held.length = 0;
    answerJson(response, 200, session.result);
  };

  const put = async (session: Session, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { bytes, isWhole } = await bodyOf(request);
    if (session.result !== null) return answerJson(response, 200, session.result);
    const range = rangeOf(request.headers['content-range'] ?? '');
    if (range.start !== null && range.start !== session.bytes) {
      throw invalid(`Invalid request: byte ${session.bytes} is wanted next, and ${range.start} came.`);
    }
    if (!isWhole) return keep(session, bytes);
    if (bytes.length !== range.length) throw invalid('The Content-Range is not that of the body.');
    if (range.total !== null && session.bytes + bytes.length === range.total) {
      return finish(session, bytes, response);
    }
    if (range.total !== null && range.start !== null) throw invalid('The total is not that of the end.');
    if (bytes.length % chunkUnit !== 0) throw invalid('Chunks are multiples of 256 KiB.');
    keep(session, keepsLess && bytes.length > chunkUnit ? bytes.subarray(0, -chunkUnit) : bytes);
    keepsLess = false;
    incomplete(session, response);
  };

  return {
    async begin(bucket, query, request, response) {
      checkParameters(query, ['uploadType', 'name', 'fields', 'ifGenerationMatch']);
      const name = query.get('name') ?? '';
      if (name === '' || Buffer.byteLength(name) > 1024) throw invalid('The name is empty or too long.');
      const ifGenerationMatch = query.get('ifGenerationMatch');
      const fields = query.get('fields');
      const { bytes, isWhole } = await bodyOf(request);
      if (!isWhole) return;
      if (query.get('uploadType') === 'media') {
        const object = bucket.put(name, bytes, ifGenerationMatch);
        return answerJson(response, 200, resourceOf(object, fields));
      }
      if (query.get('uploadType') !== 'resumable') throw invalid('Unknown uploadType.');
      bucket.check(name, ifGenerationMatch);
      const id = randomBytes(24).toString('base64url');
      sessions.set(id, { bucket, name, fields, ifGenerationMatch, held: [], bytes: 0, result: null });
      const location = `http://${request.headers.host}/upload/session?upload_id=${id}`;
      response.writeHead(200, { location, 'content-length': 0 }).end();
    },

    async go(id, request, response) {
      const session = sessions.get(id);
      if (session === undefined) throw notFound('No such upload session.');
      if (request.method === 'PUT') return await put(session, request, response);
      if (request.method !== 'DELETE') throw invalid('A session takes PUT and DELETE.');
      sessions.delete(id);
      throw new Refusal(499, 'clientClosedRequest', 'Client Closed Request');
    },

    open: (name) =>
      [...sessions.values()]
        .filter(({ bucket, result }) => bucket.name === name && result === null)
        .map((session) => session.name),
    keepLess() {
      keepsLess = true;
    },
    fade: () => sessions.clear(),
  };
}

/** `bytes 0-9/*`, `bytes 10-19/20`, or without bytes `bytes *` and the total: length is 0 where nothing is sent. */
function rangeOf(header: string): { start: number | null; length: number; total: number | null } {
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header);
  if (match === null) throw invalid(`Invalid Content-Range ${JSON.stringify(header)}.`);
  const [, first, last, all] = match;
  const total = all === '*' ? null : Number(all);
  if (first === undefined || last === undefined) return { start: null, length: 0, total };
  if (total !== null && total !== Number(last) + 1) throw invalid('The total is not that of the end.');
  return { start: Number(first), length: Number(last) - Number(first) + 1, total };
}
