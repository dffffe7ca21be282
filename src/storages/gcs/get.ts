import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';
import type { GcsClient } from './client.ts';

/** The bytes of an object or of a range of it. `url` is that of its metadata. Throws AppErrors. */
export async function* getObject(
  client: GcsClient,
  url: string,
  subject: string,
  range: ByteRange | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const response = await client.send(
    {
      operation: 'get',
      subject,
      method: 'GET',
      url: `${url}?alt=media`,
      headers: {
        // As it is stored: what lies there compressed is not unpacked on the way.
        'accept-encoding': 'gzip',
        ...(range === null ? {} : { range: `bytes=${range.start}-${range.end}` }),
      },
      takes: [range === null ? 200 : 206],
    },
    signal,
  );
  const bytes = Number(response.headers['content-length']);
  if (range !== null && bytes !== range.end - range.start + 1) {
    response.discard();
    throw new AppError('dump-truncated', {
      message: `${subject} has ${bytes} of the ${range.end - range.start + 1} bytes from byte ${range.start} on.`,
      operation: 'get',
    });
  }
  yield* response.body;
}
