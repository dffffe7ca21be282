import { randomBytes } from 'node:crypto';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { uploadInParts } from '../blocks/part-upload.ts';
import type { ByteSource, PutOptions } from '../storage.ts';
import { beginParts } from './parts.ts';
import { type Publication, publish, refuseExisting } from './publish.ts';
import { type S3Target, storedAs } from './target.ts';
import { sendOptions } from './transport.ts';

const mebibyte = 1024 ** 2;
/** Below it is cheaper to send than to ask. */
const asksFromBytes = mebibyte;

/**
 * Stores a file: a small one in one request, others in parts. Throws errors of the client library, those of the transport, `file-exists`, and
 * what the source throws.
 */
export async function putObject(
  target: S3Target,
  source: ByteSource,
  options: PutOptions,
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  const publication: Publication = {
    target,
    ifExists: options.ifExists,
    tag: randomBytes(16).toString('hex'),
  };
  // Before anything is sent in vain.
  await refuseExisting(publication, signal);
  const { connection, object, address } = target;
  const protocol = {
    minPartBytes: 8 * mebibyte,
    maxPartBytes: 5 * 1024 * mebibyte,
    maxParts: 10_000,
    putWhole: (bytes: Buffer, late: AbortSignal) =>
      publish(publication, bytes.length, late, (condition) =>
        connection.client.send(
          new PutObjectCommand({
            ...object,
            ...storedAs(address, publication.tag),
            ...condition,
            Body: bytes,
            ContentLength: bytes.length,
          }),
          sendOptions(late, options.onSent, bytes.length > asksFromBytes),
        ),
      ),
    begin: (late: AbortSignal) => beginParts(publication, options.onSent, late),
  };
  return await uploadInParts(protocol, source, options.expectedBytes, signal, options.onSent);
}
