import { createHash } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { AppError } from '../../core/errors.ts';
import { writerEnded, writerTag } from '../blocks/part-name.ts';
import type { PartProtocol, PartUpload } from '../blocks/part-upload.ts';
import type { PutOptions } from '../storage.ts';
import { blockId } from './block-id.ts';
import { classify } from './classify.ts';
import { removeUncommitted } from './unfinished.ts';
import { checkFree, compareSize, isCommitted, isStored, occupantOf } from './written.ts';

/** How long the removal of a broken upload may take; a sweep finds what it leaves. */
const cleaningMs = 10_000;

interface Conditions {
  readonly ifNoneMatch?: string;
  readonly ifMatch?: string;
}

/** Runs the request that makes the file appear, so that it does what `ifExists` says. Throws AppErrors. */
type Publish = (request: (conditions: Conditions) => Promise<void>, signal: AbortSignal) => Promise<void>;

/** How blobs are written: small ones at once, others in blocks that a commit makes the blob of. Throws AppErrors. */
export function azureParts(
  blob: BlockBlobClient,
  subject: string,
  { ifExists, onSent = () => undefined }: PutOptions,
): PartProtocol {
  const failure = (error: unknown): AppError => classify(error, 'put', subject);

  const publish: Publish = async (request, signal) => {
    if (ifExists === 'replace') return await request({}).catch((error) => Promise.reject(failure(error)));
    try {
      await request({ ifNoneMatch: '*' });
    } catch (error) {
      const refused = failure(error);
      if (refused.code !== 'file-exists') throw refused;
      const occupant = await occupantOf(blob, signal);
      if (occupant === 'file') throw refused;
      if (occupant === 'nothing') throw changed(subject);
      await request({ ifMatch: occupant.markEtag }).catch((again: unknown) => {
        const told = failure(again);
        throw told.code === 'file-exists' ? changed(subject) : told;
      });
    }
  };

  return {
    minPartBytes: 8 * 1024 ** 2,
    // A block may have 4000 MiB; these fill the memory, and 50,000 of them are 6 TiB.
    maxPartBytes: 128 * 1024 ** 2,
    maxParts: 50_000,

    async putWhole(bytes, signal) {
      const md5 = createHash('md5').update(bytes).digest();
      // The storage compares the digest with what has come.
      const options = { abortSignal: signal, onProgress: onSent, transactionalContentMD5: md5 };
      try {
        await publish(async (conditions) => {
          await blob.upload(bytes, bytes.length, { ...options, conditions });
        }, signal);
      } catch (error) {
        if (!(await isDoneAnyway(error, () => isStored(blob, md5, signal)))) throw error;
      }
    },

    async begin(signal) {
      // Looked for at once: blocks that were sent to the name of a file cannot be removed, and fade after a week.
      if (ifExists === 'fail') await checkFree(blob, subject, signal);
      return blockUpload(blob, subject, publish, onSent);
    },
  };
}

function blockUpload(
  blob: BlockBlobClient,
  subject: string,
  publish: Publish,
  onSent: () => void,
): PartUpload {
  const tag = writerTag();
  const ids: string[] = [];
  let bytes = 0;
  return {
    async send(number, part, signal) {
      const id = blockId(tag, number, Date.now());
      ids[number - 1] = id;
      bytes += part.length;
      try {
        await blob.stageBlock(id, part, part.length, { abortSignal: signal, onProgress: onSent });
      } catch (error) {
        throw classify(error, 'put', subject);
      }
    },
    async commit(_parts, signal) {
      try {
        await publish(async (conditions) => {
          const { etag } = await blob.commitBlockList(ids, { conditions, abortSignal: signal });
          await compareSize(blob, subject, bytes, etag, signal);
        }, signal);
      } catch (error) {
        if (!(await isDoneAnyway(error, () => isCommitted(blob, ids, bytes, signal)))) throw error;
      }
      writerEnded(tag);
    },
    async abort() {
      writerEnded(tag);
      await removeUncommitted(blob, AbortSignal.timeout(cleaningMs)).catch(() => undefined);
    },
  };
}

/** When the answer is lost, what it answered may be done. */
async function isDoneAnyway(error: unknown, look: () => Promise<boolean>): Promise<boolean> {
  return error instanceof AppError && error.temporary && (await look());
}

const changed = (subject: string): AppError =>
  new AppError('storage-failed', {
    message: `${subject}: somebody else wrote or removed the same name at the same time.`,
    operation: 'put',
    temporary: true,
  });
