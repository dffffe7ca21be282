import type { BlobItem, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { createPageTokens } from '../blocks/page-tokens.ts';
import { isAbandonedBlock } from './block-id.ts';
import { faultOf } from './classify.ts';

/*
 * Azure has no call that throws uncommitted blocks away. They fade after a week, or when their blob is committed without them. So what an
 * upload left at a name without a blob is removed by committing an empty blob there, unless one has come meanwhile, and deleting that. The
 * empty blob carries a mark, by which it never shows in our lists, and by which the next sweep finds it when the process dies in between.
 *
 * Blocks at a name that has a blob (a put that replaces) stay until they fade or the name is written again; they never show.
 */
const unfinishedMark = 'pumphouse_unfinished';

/** Whether a blob is but the mark of such a removal. */
export const isMark = (bytes: number | undefined, metadata: Readonly<Record<string, string>> = {}): boolean =>
  bytes === 0 && unfinishedMark in metadata;

/** Removes the uncommitted blocks at a name without a blob when all of them are abandoned. Throws errors of the Azure client. */
export async function removeUncommitted(blob: BlockBlobClient, signal: AbortSignal): Promise<void> {
  const call = { abortSignal: signal };
  try {
    const { uncommittedBlocks: blocks = [] } = await blob.getBlockList('uncommitted', call);
    const now = Date.now();
    if (blocks.length === 0 || !blocks.every(({ name }) => isAbandonedBlock(name, now))) return;
    // Whoever wrote a block since the list was read finds its blocks gone at its commit, and sends them again.
    const { etag } = await blob.commitBlockList([], {
      ...call,
      conditions: { ifNoneMatch: '*' },
      metadata: { [unfinishedMark]: '1' },
    });
    await blob.delete({ ...call, conditions: { ifMatch: etag ?? '*' } });
  } catch (error) {
    if (!isOvertaken(error)) throw error;
  }
}

/** Removes what dead processes left below `prefix`: uncommitted blocks, and marks of removals that were cut short. */
export async function sweepUncommitted(
  container: ContainerClient,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    abortSignal: signal,
    prefix,
    includeMetadata: true,
    includeUncommitedBlobs: true,
  };
  const checkToken = createPageTokens(`az://${container.containerName}/${prefix}`);
  for await (const { segment, continuationToken } of container.listBlobsFlat(options).byPage()) {
    for (const item of segment.blobItems) {
      // A blob of uncommitted blocks alone is listed with no bytes.
      if ((item.properties.contentLength ?? 0) > 0) continue;
      const blob = container.getBlockBlobClient(item.name);
      if (isMark(0, item.metadata)) await removeMark(blob, item, signal);
      else await removeUncommitted(blob, signal);
    }
    if (continuationToken) checkToken(continuationToken);
  }
}

async function removeMark(blob: BlockBlobClient, item: BlobItem, signal: AbortSignal): Promise<void> {
  try {
    await blob.delete({ abortSignal: signal, conditions: { ifMatch: item.properties.etag } });
  } catch (error) {
    if (!isOvertaken(error)) throw error;
  }
}

/** Somebody else removed or wrote the blob in between, and nothing is left to do. */
const isOvertaken = (error: unknown): boolean => [404, 409, 412].includes(faultOf(error).status);
