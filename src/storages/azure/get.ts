import type { BlockBlobClient } from '@azure/storage-blob';
import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';
import { isMark } from './unfinished.ts';

/** The bytes of a blob or of a range of it. Throws errors of the Azure client, `file-missing` and `dump-truncated`. */
export async function* getBlob(
  blob: BlockBlobClient,
  subject: string,
  range: ByteRange | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const wanted = range === null ? undefined : range.end - range.start + 1;
  const options = { abortSignal: signal, maxRetryRequests: 0 };
  const answer = await blob.download(range?.start ?? 0, wanted, options);
  const { contentLength = 0, metadata, readableStreamBody: body } = answer;
  if (body === undefined) throw new Error('The Azure client gives no body.');
  if (isMark(contentLength, metadata)) {
    throw new AppError('file-missing', { message: `${subject} does not exist.`, operation: 'get' });
  }
  try {
    if (wanted !== undefined && contentLength !== wanted) {
      throw new AppError('dump-truncated', {
        message: `${subject} has ${contentLength} of the ${wanted} bytes from byte ${range?.start} on.`,
        operation: 'get',
      });
    }
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    // After the head, only the connection can fail; the client says it in its own words.
    throw new AppError('storage-unreachable', {
      message: `${subject}: the connection broke in the middle of the file.`,
      operation: 'get',
      temporary: true,
    });
  } finally {
    (body as { destroy?: () => void }).destroy?.();
  }
}
