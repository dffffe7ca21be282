import type { ContainerClient } from '@azure/storage-blob';
import type { OperationContext } from '../../core/context.ts';
import { type AppError, toAppError } from '../../core/errors.ts';
import { uploadInParts } from '../blocks/part-upload.ts';
import { probeStorage } from '../blocks/probe.ts';
import { checkFileName } from '../file-name.ts';
import type { CredentialType, Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { type AzureOperation, classify, faultOf } from './classify.ts';
import { azureClients, azurePlace } from './client.ts';
import { getBlob } from './get.ts';
import { listBlobs } from './list.ts';
import { azureParts } from './put.ts';
import { isMark, sweepUncommitted } from './unfinished.ts';

const azureCredential: CredentialType = {
  id: 'azure',
  idName: 'storage account',
  secretName: 'account key or SAS token',
  needs: 'choice',
  options: [
    {
      name: 'kind',
      help: 'What the secret is where it is not recognised: key or sas',
      values: ['key', 'sas'],
    },
    {
      name: 'keys',
      help: 'Where keys come from when the credential has no secret: environment (AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN of the server) or instance (the managed identity of the machine)',
      values: ['environment', 'instance'],
    },
  ],
};

/** A container of Azure Blob Storage, or of an emulator: `az://container/prefix?account=NAME`. */
export const azureDriver: StorageDriver = {
  schemes: ['az'],
  example: 'az://container/prefix?account=NAME',
  options: [
    { name: 'account', help: 'The storage account, where the credential does not name it' },
    {
      name: 'endpoint',
      help: "The URL of the account's blob service where it is not https://ACCOUNT.blob.core.windows.net",
    },
  ],
  credentialTypes: [azureCredential],
  signedUrlHint:
    'Keep the SAS token, which stands behind the question mark, as a credential: pumphouse credential add NAME --type azure --option kind=sas --secret-stdin.',
  open: azureStorage,
};

function azureStorage(place: StoragePlace): Storage {
  const { prefix, container: containerName } = azurePlace(place).address;
  const description = `az://${containerName}/${prefix.split('/').map(encodeURIComponent).join('/')}`.replace(
    /\/$/,
    '',
  );
  const subjectOf = (name: string): string => `${description}/${name}`;

  /** Runs `work` with the container so that only AppErrors leave it. */
  const call = async <T>(
    operation: AzureOperation,
    name: string,
    context: OperationContext,
    work: (container: ContainerClient) => Promise<T>,
  ): Promise<T> => {
    using lease = azureClients.lease(place);
    try {
      context.signal.throwIfAborted();
      return await work(await lease.client.container());
    } catch (error) {
      throw failure(error, operation, subjectOf(name), context);
    }
  };

  async function* iterate<T>(
    operation: AzureOperation,
    name: string,
    context: OperationContext,
    open: (container: ContainerClient) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    using lease = azureClients.lease(place);
    try {
      context.signal.throwIfAborted();
      yield* open(await lease.client.container());
    } catch (error) {
      throw failure(error, operation, subjectOf(name), context);
    }
  }

  const blobOf = (container: ContainerClient, name: string) => {
    checkFileName(name);
    return container.getBlockBlobClient(prefix + name);
  };

  const storage: Storage = {
    description,
    keeps: true,
    lists: true,

    put: (name, source, options, context) =>
      call('put', name, context, (container) => {
        const protocol = azureParts(blobOf(container, name), subjectOf(name), options);
        return uploadInParts(protocol, source, options.expectedBytes, context.signal, options.onSent);
      }),

    get: (name, range, context) =>
      iterate('get', name, context, (container) =>
        getBlob(blobOf(container, name), subjectOf(name), range, context.signal),
      ),

    stat: (name, context) =>
      call('stat', name, context, async (container) => {
        try {
          const { signal } = context;
          const blob = blobOf(container, name);
          const { contentLength = 0, metadata } = await blob.getProperties({ abortSignal: signal });
          return isMark(contentLength, metadata) ? null : { name, bytes: contentLength };
        } catch (error) {
          if (faultOf(error).code === 'BlobNotFound') return null;
          throw error;
        }
      }),

    async *list(namePrefix, context) {
      const files = iterate('list', namePrefix, context, (container) =>
        listBlobs(container, prefix + namePrefix, context.signal),
      );
      for await (const { name, bytes } of files) yield { name: name.slice(prefix.length), bytes };
    },

    remove: (name, context) =>
      call('remove', name, context, async (container) => {
        try {
          await blobOf(container, name).delete({ abortSignal: context.signal });
        } catch (error) {
          if (faultOf(error).code !== 'BlobNotFound') throw error;
        }
      }),

    sweep: (namePrefix, context) =>
      call('sweep', namePrefix, context, (container) =>
        sweepUncommitted(container, prefix + namePrefix, context.signal),
      ),

    freeBytes: () => Promise.resolve(null),
    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** An abort counts more than the error that it led to. */
function failure(
  error: unknown,
  operation: AzureOperation,
  subject: string,
  { signal }: OperationContext,
): AppError {
  return signal.aborted ? toAppError(signal.reason) : classify(error, operation, subject);
}
