import type { OperationContext } from '../../core/context.ts';
import { type AppError, toAppError } from '../../core/errors.ts';
import { writerEnded } from '../blocks/part-name.ts';
import { uploadInParts } from '../blocks/part-upload.ts';
import { probeStorage } from '../blocks/probe.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { classify, type SwiftOperation } from './classify.ts';
import { swiftClients } from './client.ts';
import { type SwiftContainer, swiftContainer } from './container.ts';
import { getObject } from './get.ts';
import { listFiles } from './list.ts';
import { objectName, type SwiftLocation, swiftLocation } from './location.ts';
import { loginOf, loginOptions } from './login.ts';
import { SwiftRefusal } from './refusal.ts';
import { removeFile } from './remove.ts';
import { newUpload } from './segment-names.ts';
import { sweepSegments } from './sweep.ts';
import { defaultSegmentPlan, type SegmentPlan, swiftUpload } from './upload.ts';

/** OpenStack Swift: `swift://container/prefix`, entered by a v1 login or by Keystone v3. */
export const swiftDriver: StorageDriver = createSwiftDriver(defaultSegmentPlan);

export function createSwiftDriver(plan: SegmentPlan): StorageDriver {
  return {
    schemes: ['swift'],
    example: 'swift://container/prefix?auth-url=https://host/auth/v1.0',
    options: loginOptions,
    credentialTypes: [
      {
        id: 'swift',
        idName: 'user, or id of an application credential',
        secretName: 'key or password',
        needs: 'id-and-secret',
        options: [],
      },
    ],
    open(place) {
      // What is wrong with them is said now, not at the first request.
      loginOf(place);
      return swiftStorage(place, swiftLocation(place.url), plan);
    },
  };
}

function swiftStorage(place: StoragePlace, location: SwiftLocation, plan: SegmentPlan): Storage {
  const subjectOf = (name: string): string => `swift://${location.container}/${location.base}${name}`;

  /** Runs `work` with a client, so that only AppErrors leave it. */
  const guarded = async <T>(
    operation: SwiftOperation,
    name: string,
    context: OperationContext,
    work: (container: SwiftContainer, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    try {
      context.signal.throwIfAborted();
      using lease = swiftClients.lease(place);
      return await work(swiftContainer(lease.client, location.container), context.signal);
    } catch (error) {
      throw failure(error, operation, subjectOf(name), context);
    }
  };

  async function* iterated<T>(
    operation: SwiftOperation,
    name: string,
    context: OperationContext,
    open: (container: SwiftContainer, signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    try {
      context.signal.throwIfAborted();
      using lease = swiftClients.lease(place);
      yield* open(swiftContainer(lease.client, location.container), context.signal);
    } catch (error) {
      throw failure(error, operation, subjectOf(name), context);
    }
  }

  const storage: Storage = {
    description: location.description,
    keeps: true,
    lists: true,

    put: (name, source, options, context) =>
      guarded('put', name, context, async (container, signal) => {
        const upload = newUpload(objectName(location, name));
        try {
          const protocol = swiftUpload(container, upload, options, plan);
          return await uploadInParts(protocol, source, options.expectedBytes, signal, options.onSent);
        } finally {
          writerEnded(upload.tag);
        }
      }),

    get: (name, range, context) =>
      iterated('get', name, context, async function* (container, signal) {
        const object = objectName(location, name);
        try {
          yield* getObject(container, object, range, signal);
        } catch (error) {
          throw await withContainer(error, container, signal);
        }
      }),

    stat: (name, context) =>
      guarded('stat', name, context, async (container, signal) => {
        const facts = await container.head(objectName(location, name), signal);
        return facts === null ? null : { name, bytes: facts.bytes };
      }),

    list: (prefix, context) =>
      iterated('list', prefix, context, (container, signal) =>
        listFiles(container, location, prefix, signal),
      ),

    remove: (name, context) =>
      guarded('remove', name, context, (container, signal) =>
        removeFile(container, objectName(location, name), signal),
      ),

    sweep: (prefix, context) =>
      guarded('sweep', prefix, context, (container, signal) =>
        sweepSegments(container, location.base + prefix, signal),
      ),

    freeBytes: () => Promise.resolve(null),
    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** A missing object, or a missing container? Swift answers both alike. */
async function withContainer(
  error: unknown,
  container: SwiftContainer,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof SwiftRefusal) || error.status !== 404) return error;
  if (await container.exists(signal)) return error;
  return classify(error, 'list', `swift://${container.name}`);
}

/** An abort counts more than the error that it led to. */
function failure(
  error: unknown,
  operation: SwiftOperation,
  subject: string,
  context: OperationContext,
): AppError {
  if (context.signal.aborted) return toAppError(context.signal.reason);
  return classify(error, operation, subject);
}
