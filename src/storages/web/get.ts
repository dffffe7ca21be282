import { AppError } from '../../core/errors.ts';
import type { HttpResponse } from '../../network/http-request.ts';
import type { ByteRange } from '../storage.ts';
import { isFolderRedirect, type WebClient } from './client.ts';
import { refusalOf } from './status.ts';

/** A server that ignores ranges sends the file from its beginning: so much of it is read in vain, and not more. */
const mostSkippedBytes = 64 * 1024 ** 2;

/**
 * The bytes of a file, or of a range of it. Throws `file-missing`; `dump-truncated` when the range is beyond the end; `unsupported` when the
 * server ignores ranges and a long way would have to be read for nothing.
 * @param subject names the file in errors
 * @param explain what a refusal means
 */
export async function* getOverWeb(
  client: WebClient,
  url: URL,
  range: ByteRange | null,
  subject: string,
  signal: AbortSignal,
  explain: typeof refusalOf = refusalOf,
): AsyncGenerator<Uint8Array> {
  const headers = {
    // A server must not compress on the way: offsets and sizes are those of the file.
    'accept-encoding': 'identity',
    ...(range === null ? {} : { range: `bytes=${range.start}-${range.end}` }),
  };
  const response = await client.send({ method: 'GET', url, headers }, signal);
  if (range !== null && response.status === 206) {
    checkRange(response, range, subject);
    yield* exactly(response, 0, range.end - range.start + 1, subject);
  } else if (response.status === 200) {
    const size = lengthOf(response);
    if (range === null) {
      yield* response.body;
      return;
    }
    if (size !== null && range.end >= size) {
      response.discard();
      throw truncated(subject, size, range);
    }
    if (range.start > mostSkippedBytes) {
      response.discard();
      throw new AppError('unsupported', {
        message: `${subject} is read from its beginning only (200 to a request of a range), and byte ${range.start} is needed.`,
        hint: 'Use a server that serves ranges, or copy the dump set to another place first.',
        operation: 'get',
      });
    }
    yield* exactly(response, range.start, range.end - range.start + 1, subject);
  } else if (response.status === 416 && range !== null) {
    const size = totalOf(response);
    response.discard();
    throw truncated(subject, size, range);
  } else if (isFolderRedirect(response, url)) {
    response.discard();
    throw new AppError('file-missing', { message: `${subject} is a folder, and no file.`, operation: 'get' });
  } else {
    throw await explain(response, 'get', subject);
  }
}

/** Length of the body by its header; null: not announced. */
export function lengthOf({ headers }: HttpResponse): number | null {
  const length = headers['content-length'];
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : null;
}

/** `bytes` bytes of the body from byte `skip`; what comes after is not waited for. */
async function* exactly(
  response: HttpResponse,
  skip: number,
  bytes: number,
  subject: string,
): AsyncGenerator<Uint8Array> {
  let toSkip = skip;
  let left = bytes;
  for await (const chunk of response.body) {
    const wanted = chunk.subarray(Math.min(toSkip, chunk.length)).subarray(0, left);
    toSkip = Math.max(0, toSkip - chunk.length);
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left === 0 && (skip > 0 || response.status === 200)) return;
  }
  if (left > 0) {
    throw new AppError('dump-truncated', {
      message: `${subject} ends ${left} bytes too early.`,
      operation: 'get',
    });
  }
}

/** Checks what the server says it sends. */
function checkRange(response: HttpResponse, range: ByteRange, subject: string): void {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
  if (match !== null && Number(match[1]) === range.start && Number(match[2]) === range.end) return;
  response.discard();
  const size = totalOf(response);
  if (size !== null && range.end >= size) throw truncated(subject, size, range);
  throw new AppError('storage-failed', {
    message: `${subject} is served from another range than was asked for.`,
    operation: 'get',
    temporary: false,
  });
}

/** Size of the whole file by Content-Range. */
export function totalOf({ headers }: HttpResponse): number | null {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return total === undefined ? null : Number(total);
}

const truncated = (subject: string, size: number | null, { end }: ByteRange): AppError =>
  new AppError('dump-truncated', {
    message:
      size === null
        ? `${subject} ends before byte ${end + 1}, which is needed.`
        : `${subject} has ${size} bytes, and byte ${end + 1} of it is needed.`,
    operation: 'get',
  });
