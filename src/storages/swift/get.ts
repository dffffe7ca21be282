import { AppError } from '../../core/errors.ts';
import type { HttpResponse } from '../../network/http-request.ts';
import type { ByteRange } from '../storage.ts';
import type { SwiftContainer } from './container.ts';

/** The bytes of an object or of a range of it. Throws refusals and `dump-truncated`. */
export async function* getObject(
  container: SwiftContainer,
  object: string,
  range: ByteRange | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const asked = range === null ? null : `bytes=${range.start}-${range.end}`;
  const response = await container.get(object, asked, signal);
  if (range !== null) checkRange(response, range, `swift://${container.name}/${object}`);
  yield* response.body;
}

/** Swift cuts a range at the end of the object. */
function checkRange(response: HttpResponse, { start, end }: ByteRange, subject: string): void {
  const [, first, last, size] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers['content-range'] ?? '') ?? [];
  if (response.status === 206 && Number(first) === start && Number(last) === end) return;
  response.discard();
  if (response.status === 206 && size !== undefined && Number(size) <= end) {
    throw new AppError('dump-truncated', {
      message: `${subject} has ${size} bytes, and byte ${end + 1} of it is needed.`,
      operation: 'get',
    });
  }
  throw new AppError('storage-failed', {
    message: `${subject} was asked for the bytes ${start} to ${end}, and the answer holds others (${response.status}).`,
    operation: 'get',
    temporary: false,
  });
}
