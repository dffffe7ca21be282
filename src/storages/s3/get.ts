import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';

/** The bytes of an object or of a range of it. Throws errors of the client library, those of the transport, and `dump-truncated`. */
export async function* getObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  range: ByteRange | null,
  subject: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const command = new GetObjectCommand({
    ...object,
    ...(range === null ? {} : { Range: `bytes=${range.start}-${range.end}` }),
  });
  const { Body, ContentRange } = await client.send(command, { abortSignal: signal });
  const body = Body as Readable;
  try {
    if (range !== null) checkRange(ContentRange, range, subject);
    let bytes = 0;
    for await (const chunk of body) {
      bytes += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
    if (range !== null && bytes !== range.end - range.start + 1)
      throw truncated(subject, range.start + bytes, range);
  } finally {
    body.destroy();
  }
}

/** `bytes 5-9/10`: servers cut a range at the end of the object. */
function checkRange(contentRange: string | undefined, range: ByteRange, subject: string): void {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(contentRange ?? '') ?? [];
  if (Number(start) !== range.start) {
    throw new AppError('storage-failed', {
      message: `${subject} cannot be read: the storage does not give ranges.`,
      operation: 'get',
      temporary: false,
    });
  }
  if (Number(end) < range.end) throw truncated(subject, size === '*' ? Number(end) + 1 : Number(size), range);
}

const truncated = (subject: string, has: number, { end }: ByteRange): AppError =>
  new AppError('dump-truncated', {
    message: `${subject} has ${has} bytes, and byte ${end + 1} of it is needed.`,
    operation: 'get',
  });
