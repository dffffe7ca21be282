import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import type { OperationContext } from '../../core/context.ts';
import { type AppError, toAppError } from '../../core/errors.ts';
import { probeStorage } from '../blocks/probe.ts';
import { checkFileName } from '../file-name.ts';
import type { Storage, StoragePlace } from '../storage.ts';
import { descriptionOf, s3Address } from './address.ts';
import { classify, faultOf, type S3Operation } from './classify.ts';
import { connections, type S3Connection } from './client.ts';
import type { S3Dialect } from './dialect.ts';
import { getObject } from './get.ts';
import { listObjects } from './list.ts';
import { putObject } from './put.ts';
import { headObject } from './stat.ts';
import { sweepUploads } from './sweep.ts';

/** The storage of a bucket. The place has been checked (driver.ts). */
export function s3Bucket(place: StoragePlace, dialect: S3Dialect): Storage {
  const address = s3Address(place, dialect);
  const description = descriptionOf(place);
  const subjectOf = (name: string): string => `${description}/${name}`;

  /** An abort counts more than the error that it led to. */
  const failure = (error: unknown, operation: S3Operation, name: string, signal: AbortSignal): AppError =>
    signal.aborted
      ? toAppError(signal.reason)
      : classify(error, operation, subjectOf(name), place.credential?.id ?? null);

  /** Runs `work` with a connection so that only AppErrors leave it. */
  const call = async <T>(
    operation: S3Operation,
    name: string,
    { signal }: OperationContext,
    work: (connection: S3Connection) => Promise<T>,
  ): Promise<T> => {
    using lease = connections.lease(place);
    try {
      signal.throwIfAborted();
      return await work(lease.client);
    } catch (error) {
      throw failure(error, operation, name, signal);
    }
  };

  async function* iterate<T>(
    operation: S3Operation,
    name: string,
    { signal }: OperationContext,
    open: (connection: S3Connection) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    using lease = connections.lease(place);
    try {
      signal.throwIfAborted();
      yield* open(lease.client);
    } catch (error) {
      throw failure(error, operation, name, signal);
    }
  }

  const objectOf = (name: string): { readonly Bucket: string; readonly Key: string } => {
    checkFileName(name);
    return { Bucket: address.bucket, Key: address.prefix + name };
  };

  const storage: Storage = {
    description,
    keeps: true,
    lists: true,

    put: (name, source, options, context) =>
      call('put', name, context, (connection) => {
        const target = { connection, address, object: objectOf(name), subject: subjectOf(name) };
        return putObject(target, source, options, context.signal);
      }),

    get: (name, range, context) =>
      iterate('get', name, context, ({ client }) =>
        getObject(client, objectOf(name), range, subjectOf(name), context.signal),
      ),

    stat: (name, context) =>
      call('stat', name, context, async ({ client }) => {
        const found = await headObject(client, objectOf(name), context.signal);
        return found === null ? null : { name, bytes: found.bytes };
      }),

    async *list(prefix, context) {
      const files = iterate('list', prefix, context, ({ client }) =>
        listObjects(client, address, address.prefix + prefix, context.signal),
      );
      for await (const { name, bytes } of files) yield { name: name.slice(address.prefix.length), bytes };
    },

    remove: (name, context) =>
      call('remove', name, context, async ({ client }) => {
        try {
          await client.send(new DeleteObjectCommand(objectOf(name)), { abortSignal: context.signal });
        } catch (error) {
          if (faultOf(error).code !== 'NoSuchKey') throw error;
        }
      }),

    sweep: (prefix, context) =>
      call('sweep', prefix, context, ({ client }) =>
        sweepUploads(client, address, address.prefix + prefix, context.signal),
      ),

    // Quotas do not show in the protocol.
    freeBytes: async () => null,

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}
