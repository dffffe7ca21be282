import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { startAzurite } from '../../harness/azurite.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { storageLife } from './life.ts';

const container = 'life';

storageLife('azure', openAzurite, { lists: true });

async function openAzurite(): Promise<RemotePlace> {
  const server = await startAzurite();
  await server.makeContainer(container);
  const key = new StorageSharedKeyCredential(server.account, server.key);
  const client = new BlobServiceClient(server.endpoint, key).getContainerClient(container);
  return {
    locationOf: (base) => `az://${container}/${base}?endpoint=${encodeURIComponent(server.endpoint)}`,
    credential: { type: 'azure', id: server.account, secret: server.key },
    async leftovers() {
      const names: string[] = [];
      for await (const { name } of client.listBlobsFlat({ includeUncommitedBlobs: true })) {
        const { uncommittedBlocks = [] } = await client.getBlockBlobClient(name).getBlockList('uncommitted');
        if (uncommittedBlocks.length > 0) names.push(name);
      }
      return names;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
