import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { piecesOf } from '../blocks/body-pieces.ts';
import type { PartProtocol } from '../blocks/part-upload.ts';
import type { PutOptions } from '../storage.ts';
import type { GcsClient } from './client.ts';
import { objectFields, readObject, type StoredObject } from './object.ts';
import { gcsSession } from './session.ts';

/**
 * How objects are written: small ones at once, others in a resumable session. Throws AppErrors. What the storage holds afterwards is
 * compared with what was sent: its MD5 for small files, its size for others (MD5 would take as long as sending does).
 */
export function gcsParts(
  client: GcsClient,
  key: string,
  subject: string,
  { ifExists, onSent = () => undefined }: PutOptions,
): PartProtocol {
  const { bucket } = client.address;
  const object = `/storage/v1/b/${bucket}/o/${encodeURIComponent(key)}`;
  const uploadUrl = (type: 'media' | 'resumable'): string => {
    const query = new URLSearchParams({ uploadType: type, name: key, fields: objectFields });
    // Generation 0 is that of an object that does not exist.
    if (ifExists === 'fail') query.set('ifGenerationMatch', '0');
    return `/upload/storage/v1/b/${bucket}/o?${query}`;
  };
  const request = { operation: 'put', subject } as const;

  /** Removes what is not what was sent; a file that has taken its place meanwhile stays. */
  const refuse = async (stored: StoredObject, fault: string, signal: AbortSignal): Promise<never> => {
    const url = `${object}?ifGenerationMatch=${stored.generation}`;
    const removed = await client.send({ ...request, method: 'DELETE', url, takes: [204, 404, 412] }, signal);
    removed.discard();
    const message = `${subject}: ${fault}.`;
    throw new AppError('storage-failed', { message, operation: 'put', temporary: true });
  };

  return {
    minPartBytes: 8 * 1024 ** 2,
    maxPartBytes: 128 * 1024 ** 2,
    // A session takes any number of chunks, and the storage 5 TiB for a file.
    maxParts: 1_000_000,

    async putWhole(bytes, signal) {
      const md5 = createHash('md5').update(bytes).digest('base64');
      const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
      const upload = { ...request, method: 'POST', url: uploadUrl('media'), headers, takes: [200] };
      const body = bytes.length === 0 ? null : piecesOf(bytes, onSent);
      try {
        const stored = await readObject(await client.send({ ...upload, body }, signal));
        if (stored.md5 !== md5) await refuse(stored, 'the storage has other bytes than were sent', signal);
      } catch (error) {
        if (!(error instanceof AppError && error.temporary)) throw error;
        // The answer may be lost, and what it answered done.
        const url = `${object}?fields=${objectFields}`;
        const look = { ...request, method: 'GET', url, takes: [200] };
        const found = await client.send(look, signal).then(readObject, () => null);
        if (found?.md5 !== md5) throw error;
      }
    },

    async begin(signal) {
      const headers = { 'x-upload-content-type': 'application/octet-stream', 'content-length': 0 };
      const url = uploadUrl('resumable');
      const begun = await client.send(
        { ...request, method: 'POST', url, headers, takes: [200, 201] },
        signal,
      );
      begun.discard();
      const session = gcsSession(client, sessionUrl(client, begun.headers.location), subject, onSent);
      let bytes = 0;
      return {
        send(_number, part, partSignal) {
          bytes += part.length;
          return session.append(part, partSignal);
        },
        async commit(_parts, commitSignal) {
          const stored = await session.finish(commitSignal);
          if (stored.bytes === bytes) return;
          await refuse(stored, `the storage made ${stored.bytes} bytes of ${bytes}`, commitSignal);
        },
        abort: () => session.cancel(),
      };
    },
  };
}

/** The session is its own key, so it must not be told to anybody over a connection that is worse than the endpoint's. */
function sessionUrl({ address }: GcsClient, location: string | undefined): string {
  const url = location === undefined ? null : URL.parse(location, address.endpoint);
  if (url !== null && url.protocol === new URL(address.endpoint).protocol) return url.href;
  throw new AppError('storage-failed', {
    message: `${address.endpoint} begins no upload session.`,
    hint: 'Check the endpoint of the location.',
    operation: 'put',
    temporary: false,
  });
}
