import type { HttpResponse } from '../../network/http-request.ts';
import type { SwiftClient, SwiftRequest } from './client.ts';
import { refusalOf } from './refusal.ts';

/** What a HEAD says about an object. */
export interface ObjectFacts {
  readonly bytes: number;
  /** A static large object: a manifest of segments. */
  readonly isManifest: boolean;
  /** Of the writer that stored it (segment-names.ts); null: it was not Pumphouse. */
  readonly tag: string | null;
}

/** A line of a listing. */
export interface ListedObject {
  readonly name: string;
  readonly bytes: number;
  /** Since the epoch, by the clock of the storage. */
  readonly modifiedMs: number;
}

/** A segment as it is put into a manifest. */
export interface Segment {
  readonly name: string;
  readonly bytes: number;
  /** MD5 in hexadecimal; of a manifest the MD5 of the joined etags of its segments. */
  readonly etag: string;
}

/** A segment as a manifest tells it. */
export interface ManifestLine {
  readonly container: string;
  readonly name: string;
  readonly isManifest: boolean;
}

export interface PutConditions {
  /** Refused with 412 when there is such an object. Decided when the request begins: of two at the same instant both may pass. */
  readonly onlyNew: boolean;
  /** Of the writer, kept with the object. */
  readonly tag: string;
}

/** The requests of the driver, each with the answers that it takes; any other throws SwiftRefusal, a broken connection AppErrors. */
export interface SwiftContainer {
  readonly name: string;
  exists(signal: AbortSignal): Promise<boolean>;
  /** Null when there is none. Asks all copies, so that the newest answers. */
  head(object: string, signal: AbortSignal): Promise<ObjectFacts | null>;
  /** Status 200 or 206. `range` as in HTTP: `bytes=0-99`. */
  get(object: string, range: string | null, signal: AbortSignal): Promise<HttpResponse>;
  /** Swift compares the bytes with `etag`: their MD5. */
  put(
    object: string,
    bytes: Uint8Array,
    etag: string,
    how: { readonly conditions: PutConditions | null; readonly onSent: () => void },
    signal: AbortSignal,
  ): Promise<void>;
  /** Swift compares each segment with what it holds, and the joined etags with `etag`. */
  putManifest(
    object: string,
    segments: readonly Segment[],
    etag: string,
    conditions: PutConditions | null,
    signal: AbortSignal,
  ): Promise<void>;
  /** The segments of a manifest, which may be in another container; null when it has gone. */
  manifest(
    at: { readonly container: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<readonly ManifestLine[] | null>;
  /** A missing object is no error. */
  remove(container: string, object: string, signal: AbortSignal): Promise<void>;
  /** The next objects after `marker`, in byte order; none at the end. */
  page(prefix: string, marker: string, signal: AbortSignal): Promise<readonly ListedObject[]>;
}

const tagHeader = 'x-object-meta-pumphouse-writer';

/** Swift's own page is 10,000 objects, whose names may be a kilobyte each; clusters with smaller ones refuse a larger limit. */
const maxPageBytes = 32 * 1024 ** 2;
const maxManifestBytes = 16 * 1024 ** 2;

export function swiftContainer(client: SwiftClient, container: string): SwiftContainer {
  const send = async (
    request: Omit<SwiftRequest, 'container'> & Partial<Pick<SwiftRequest, 'container'>>,
    taken: readonly number[],
    signal: AbortSignal,
  ): Promise<HttpResponse> => {
    const response = await client.send({ container, ...request }, signal);
    if (!taken.includes(response.status)) throw await refusalOf(response);
    return response;
  };

  return {
    name: container,

    async exists(signal) {
      const response = await client.send({ method: 'HEAD', container, object: null }, signal);
      response.discard();
      return response.status !== 404;
    },

    async head(object, signal) {
      const headers = { 'x-newest': 'true' };
      const response = await send({ method: 'HEAD', object, headers }, [200, 204, 404], signal);
      response.discard();
      if (response.status === 404) return null;
      return {
        bytes: Number(response.headers['content-length'] ?? 0),
        isManifest: /^true$/i.test(String(response.headers['x-static-large-object'])),
        tag: textHeader(response, tagHeader),
      };
    },

    get: (object, range, signal) =>
      send({ method: 'GET', object, headers: range === null ? {} : { range } }, [200, 206], signal),

    async put(object, bytes, etag, { conditions, onSent }, signal) {
      const headers = { etag, ...typeOfBytes, ...headersOf(conditions) };
      const response = await send({ method: 'PUT', object, headers, body: bytes, onSent }, [201], signal);
      response.discard();
    },

    async putManifest(object, segments, etag, conditions, signal) {
      const lines = segments.map((segment) => ({
        path: `/${container}/${segment.name}`,
        etag: segment.etag,
        size_bytes: segment.bytes,
      }));
      const headers = { etag, ...typeOfBytes, ...headersOf(conditions) };
      const body = Buffer.from(JSON.stringify(lines));
      const query = { 'multipart-manifest': 'put' };
      const response = await send({ method: 'PUT', object, query, headers, body }, [201], signal);
      response.discard();
    },

    async manifest(at, signal) {
      const query = { 'multipart-manifest': 'get' };
      const headers = { 'x-newest': 'true' };
      const request = { method: 'GET', container: at.container, object: at.name, query, headers } as const;
      const response = await send(request, [200, 404], signal);
      if (response.status === 404) {
        response.discard();
        return null;
      }
      const lines = JSON.parse(await response.text(maxManifestBytes)) as readonly StoredLine[];
      return lines.flatMap(({ name, sub_slo: isManifest }) => {
        // A line without a name holds its bytes itself.
        const [, where, segment] = /^\/?([^/]+)\/(.+)$/s.exec(name ?? '') ?? [];
        if (where === undefined || segment === undefined) return [];
        return [{ container: where, name: segment, isManifest: isManifest === true }];
      });
    },

    async remove(where, object, signal) {
      const request = { method: 'DELETE', container: where, object } as const;
      const response = await send(request, [200, 204, 404], signal);
      response.discard();
    },

    async page(prefix, marker, signal) {
      const query = { format: 'json', prefix, marker };
      const response = await send({ method: 'GET', object: null, query }, [200, 204], signal);
      if (response.status === 204) {
        response.discard();
        return [];
      }
      const lines = JSON.parse(await response.text(maxPageBytes)) as readonly ListedLine[];
      return lines.map(({ name, bytes, last_modified: modified }) => ({
        name,
        bytes,
        // Swift leaves the Z out.
        modifiedMs: Date.parse(`${modified}Z`),
      }));
    },
  };
}

interface StoredLine {
  readonly name?: string;
  readonly sub_slo?: boolean;
}

interface ListedLine {
  readonly name: string;
  readonly bytes: number;
  readonly last_modified: string;
}

/** Else Swift guesses one from the name. */
const typeOfBytes = { 'content-type': 'application/octet-stream' };

const headersOf = (conditions: PutConditions | null): Record<string, string> =>
  conditions === null
    ? {}
    : { [tagHeader]: conditions.tag, ...(conditions.onlyNew ? { 'if-none-match': '*' } : {}) };

function textHeader({ headers }: HttpResponse, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}
