import type { BlockBlobClient } from '@azure/storage-blob';
import { AppError } from '../../core/errors.ts';
import { classify, faultOf } from './classify.ts';
import { isMark } from './unfinished.ts';

/** What stands at a name that could not be written anew: a file, nothing any more, or but the mark of a removal. */
export type Occupant = 'file' | 'nothing' | { readonly markEtag: string };

export async function occupantOf(blob: BlockBlobClient, signal: AbortSignal): Promise<Occupant> {
  try {
    const { contentLength, metadata, etag } = await blob.getProperties({ abortSignal: signal });
    return isMark(contentLength, metadata) && etag !== undefined ? { markEtag: etag } : 'file';
  } catch (error) {
    return faultOf(error).status === 404 ? 'nothing' : 'file';
  }
}

/** Throws `file-exists` for the name of a file. */
export async function checkFree(blob: BlockBlobClient, subject: string, signal: AbortSignal): Promise<void> {
  try {
    const { contentLength, metadata } = await blob.getProperties({ abortSignal: signal });
    if (isMark(contentLength, metadata)) return;
  } catch (error) {
    // A credential that may only write learns at the commit.
    if ([403, 404].includes(faultOf(error).status) && faultOf(error).code !== 'ContainerNotFound') return;
    throw classify(error, 'put', subject);
  }
  throw new AppError('file-exists', { message: `${subject} exists already.`, operation: 'put' });
}

/** Azure made the blob of the blocks that it had confirmed, so sizes differ only where something is very wrong. */
export async function compareSize(
  blob: BlockBlobClient,
  subject: string,
  bytes: number,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const conditions = etag === undefined ? {} : { ifMatch: etag };
  try {
    const { contentLength } = await blob.getProperties({ conditions, abortSignal: signal });
    if (contentLength === bytes) return;
    await blob.delete({ conditions, abortSignal: signal });
    throw new AppError('storage-failed', {
      message: `${subject}: the storage made ${contentLength} bytes of the ${bytes} that were sent.`,
      operation: 'put',
      temporary: true,
    });
  } catch (error) {
    // Another writer has replaced or removed the file since, or the credential may write alone.
    if (![403, 404, 412].includes(faultOf(error).status)) throw error;
  }
}

/** Whether the blob is that of these blocks. */
export async function isCommitted(
  blob: BlockBlobClient,
  ids: readonly string[],
  bytes: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { committedBlocks: blocks = [] } = await blob.getBlockList('committed', { abortSignal: signal });
    const isOurs = blocks.length === ids.length && blocks.every(({ name }, at) => name === ids[at]);
    return isOurs && blocks.reduce((sum, { size }) => sum + size, 0) === bytes;
  } catch {
    return false;
  }
}

/** Whether the blob has the content of this digest, which Azure makes by itself of blobs that are sent at once. */
export async function isStored(
  blob: BlockBlobClient,
  md5: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const { contentMD5 } = await blob.getProperties({ abortSignal: signal });
    return contentMD5 !== undefined && Buffer.compare(contentMD5, md5) === 0;
  } catch {
    return false;
  }
}
