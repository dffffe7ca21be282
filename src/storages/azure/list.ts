import type { ContainerClient } from '@azure/storage-blob';
import { createPageTokens } from '../blocks/page-tokens.ts';
import type { StoredFile } from '../storage.ts';
import { isMark } from './unfinished.ts';

/** What Azure gives at once at most. */
const largestPage = 5000;

/** The committed blobs below `prefix`, with whole names, ordered by bytes. Throws errors of the Azure client. */
export const listBlobs = (
  container: ContainerClient,
  prefix: string,
  signal: AbortSignal,
  pageSize: number = largestPage,
): AsyncGenerator<StoredFile> => inByteOrder(blobsOf(container, prefix, signal, pageSize));

async function* blobsOf(
  container: ContainerClient,
  prefix: string,
  signal: AbortSignal,
  maxPageSize: number,
): AsyncGenerator<StoredFile> {
  const found = container.listBlobsFlat({ abortSignal: signal, prefix, includeMetadata: true });
  const checkToken = createPageTokens(`az://${container.containerName}/${prefix}`);
  for await (const { segment, continuationToken } of found.byPage({ maxPageSize })) {
    for (const { name, properties, metadata } of segment.blobItems) {
      const bytes = properties.contentLength ?? 0;
      // Accounts with a hierarchical namespace list their folders too; consoles make blobs of no bytes for them.
      const isFolder = metadata?.hdi_isfolder === 'true' || name.endsWith('/');
      if (!isFolder && !isMark(bytes, metadata)) yield { name, bytes };
    }
    if (continuationToken) checkToken(continuationToken);
  }
}

/** UTF-16 and UTF-8 agree on the order of everything else. */
const disputed = /[\ud800-\uffff]/;

/**
 * Files that come in UTF-16 order, in byte order. Names that the two order differently have a character from U+D800 up at the same place, so
 * they stand in one run of such names: only those are held back and sorted.
 */
export async function* inByteOrder(files: AsyncIterable<StoredFile>): AsyncGenerator<StoredFile> {
  const inRun: StoredFile[] = [];
  const sorted = (): StoredFile[] =>
    inRun.splice(0).sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for await (const file of files) {
    if (disputed.test(file.name)) {
      inRun.push(file);
    } else {
      yield* sorted();
      yield file;
    }
  }
  yield* sorted();
}
