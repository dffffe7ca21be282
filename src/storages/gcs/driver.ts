import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { uploadInParts } from '../blocks/part-upload.ts';
import { probeStorage } from '../blocks/probe.ts';
import { checkFileName } from '../file-name.ts';
import type { CredentialType, Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { type GcsClient, gcsClients } from './client.ts';
import { getObject } from './get.ts';
import { listObjects } from './list.ts';
import { objectFields, readObject } from './object.ts';
import { gcsParts } from './put.ts';
import { gcsPlace } from './sign-in.ts';

const gcsCredential: CredentialType = {
  id: 'gcs',
  idName: null,
  secretName: 'key file of a service account (JSON)',
  needs: 'choice',
  options: [
    {
      name: 'keys',
      help: 'Where keys come from when the credential has no secret: environment (the key file that GOOGLE_APPLICATION_CREDENTIALS of the server names) or instance (the service account of the machine)',
      values: ['environment', 'instance'],
    },
  ],
};

/** A bucket of Google Cloud Storage, by its JSON API: `gs://bucket/prefix`. */
export const gcsDriver: StorageDriver = {
  schemes: ['gs'],
  example: 'gs://bucket/prefix',
  options: [
    { name: 'endpoint', help: 'The URL of the JSON API where it is not https://storage.googleapis.com' },
  ],
  credentialTypes: [gcsCredential],
  open: gcsStorage,
};

function gcsStorage(place: StoragePlace): Storage {
  const { bucket, prefix } = gcsPlace(place).address;
  const description = `gs://${bucket}/${prefix.split('/').map(encodeURIComponent).join('/')}`.replace(
    /\/$/,
    '',
  );
  const subjectOf = (name: string): string => `${description}/${name}`;
  const objectUrl = (name: string): string => {
    checkFileName(name);
    return `/storage/v1/b/${bucket}/o/${encodeURIComponent(prefix + name)}`;
  };

  /** Runs `work` with the client so that only AppErrors leave it; an abort counts more than the error that it led to. */
  const call = async <T>(context: OperationContext, work: (client: GcsClient) => Promise<T>): Promise<T> => {
    using lease = gcsClients.lease(place);
    try {
      context.signal.throwIfAborted();
      return await work(lease.client);
    } catch (error) {
      throw toAppError(context.signal.aborted ? context.signal.reason : error);
    }
  };

  async function* iterate<T>(
    context: OperationContext,
    open: (client: GcsClient) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    using lease = gcsClients.lease(place);
    try {
      context.signal.throwIfAborted();
      yield* open(lease.client);
    } catch (error) {
      throw toAppError(context.signal.aborted ? context.signal.reason : error);
    }
  }

  const storage: Storage = {
    description,
    keeps: true,
    lists: true,

    put: (name, source, options, context) =>
      call(context, (client) => {
        checkFileName(name);
        const protocol = gcsParts(client, prefix + name, subjectOf(name), options);
        return uploadInParts(protocol, source, options.expectedBytes, context.signal, options.onSent);
      }),

    get: (name, range, context) =>
      iterate(context, (client) =>
        getObject(client, objectUrl(name), subjectOf(name), range, context.signal),
      ),

    stat: (name, context) =>
      call(context, async (client) => {
        const url = `${objectUrl(name)}?fields=${objectFields}`;
        const request = { operation: 'stat', subject: subjectOf(name), method: 'GET', url } as const;
        const found = client.send({ ...request, takes: [200] }, context.signal).then(readObject);
        const object = await found.catch(nullIfMissing);
        return object === null ? null : { name, bytes: object.bytes };
      }),

    async *list(namePrefix, context) {
      const files = iterate(context, (client) =>
        listObjects(client, prefix + namePrefix, subjectOf(namePrefix), context.signal),
      );
      for await (const { name, bytes } of files) yield { name: name.slice(prefix.length), bytes };
    },

    remove: (name, context) =>
      call(context, async (client) => {
        const request = { operation: 'remove', subject: subjectOf(name), method: 'DELETE' } as const;
        const removed = client.send({ ...request, url: objectUrl(name), takes: [204] }, context.signal);
        (await removed.catch(nullIfMissing))?.discard();
      }),

    // Nobody can list upload sessions: those that killed processes left never show, and fade after a week.
    sweep: (_namePrefix, { signal }) =>
      signal.aborted ? Promise.reject(toAppError(signal.reason)) : Promise.resolve(),

    freeBytes: () => Promise.resolve(null),
    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

function nullIfMissing(error: unknown): null {
  if (error instanceof AppError && error.code === 'file-missing') return null;
  throw error;
}
