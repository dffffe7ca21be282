import { AppError } from '../../core/errors.ts';
import type { HttpResponse } from '../../network/http-request.ts';
import { piecesOf } from '../blocks/body-pieces.ts';
import type { GcsClient } from './client.ts';
import { readObject, type StoredObject } from './object.ts';

/** Chunks but the last have a multiple of so many bytes. */
const chunkUnit = 256 * 1024;

/** How long the giving up of a session may take; the storage forgets those that are left after a week. */
const cancelMs = 10_000;

/** The storage has what was sent so far, and wants more. */
const incomplete = 308;

/**
 * A resumable upload that has begun. The storage takes the bytes in order and says how many it holds; what it does not hold is sent again. The
 * file appears with `finish`. Nobody can list sessions: one that is left over never shows, and fades after a week.
 */
export interface GcsSession {
  /** Sends the next bytes; calls follow each other in order. Only the last one may have a length that is no multiple of 256 KiB. */
  append(bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Makes the file of all bytes sent. */
  finish(signal: AbortSignal): Promise<StoredObject>;
  /** Throws the upload away; never rejects. */
  cancel(): Promise<void>;
}

/**
 * @param url of the session, which is its own key
 * @param onSent is called as bytes leave
 */
export function gcsSession(client: GcsClient, url: string, subject: string, onSent: () => void): GcsSession {
  /** Bytes that the storage has confirmed. */
  let held = 0;
  /** What is too short for a chunk: sent with the end. */
  let rest: Buffer = Buffer.alloc(0);
  let queue: Promise<void> = Promise.resolve();

  const put = (range: string, body: Uint8Array, signal: AbortSignal, takes: readonly number[]) =>
    client.send(
      {
        operation: 'put',
        subject,
        method: 'PUT',
        url,
        headers: { 'content-range': `bytes ${range}`, 'content-length': body.length },
        body: body.length === 0 ? null : piecesOf(body, onSent),
        takes,
      },
      signal,
    );
  const stuck = (bytes: number, expected: number): AppError =>
    new AppError('storage-failed', {
      message: `${subject}: the storage holds ${bytes} of the ${expected} bytes that were sent.`,
      operation: 'put',
      temporary: true,
    });

  const sendChunk = async (chunk: Buffer, signal: AbortSignal): Promise<void> => {
    const end = held + chunk.length;
    while (held < end) {
      const part = chunk.subarray(chunk.length - (end - held));
      const response = await put(`${held}-${end - 1}/*`, part, signal, [incomplete]);
      response.discard();
      const now = heldBytes(response);
      if (now <= held || now > end) throw stuck(now, end);
      held = now;
    }
  };

  const finishOnce = async (signal: AbortSignal): Promise<StoredObject> => {
    const total = held + rest.length;
    const range = rest.length === 0 ? `*/${total}` : `${held}-${total - 1}/${total}`;
    const response = await put(range, rest, signal, [200, 201, incomplete]);
    if (response.status !== incomplete) return await readObject(response);
    response.discard();
    throw stuck(heldBytes(response), total);
  };

  return {
    append(bytes, signal) {
      const whole = bytes.length - (bytes.length % chunkUnit);
      const left = Buffer.from(bytes.subarray(whole));
      const sent = queue.then(async () => {
        if (rest.length > 0) throw new Error('Only the last piece of an upload may have an odd length.');
        rest = left;
        await sendChunk(bytes.subarray(0, whole), signal);
      });
      // Whoever waits for this one hears of its failure, and the next ones fail with it.
      sent.catch(() => undefined);
      queue = sent;
      return sent;
    },

    async finish(signal) {
      try {
        return await finishOnce(signal);
      } catch (error) {
        if (!(error instanceof AppError && error.temporary)) throw error;
        // The answer may be lost, and what it answered done: the session knows.
        const total = held + rest.length;
        const asked = put(`*/${total}`, Buffer.alloc(0), signal, [200, 201]);
        const response = await asked.catch(() => Promise.reject(error));
        return await readObject(response);
      }
    },

    async cancel() {
      const request = { operation: 'put', subject, method: 'DELETE', url, takes: [200, 204, 499] } as const;
      const headers = { 'content-length': 0 };
      await client.send({ ...request, headers }, AbortSignal.timeout(cancelMs)).then(
        (response) => response.discard(),
        () => undefined,
      );
    },
  };
}

/** `Range: bytes=0-524287`; without one, the storage holds nothing. */
function heldBytes({ headers }: HttpResponse): number {
  const match = /^bytes=0-(\d+)$/.exec(headers.range ?? '');
  return match === null ? 0 : Number(match[1]) + 1;
}
