import { randomBytes } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import { probeStorage } from '../../blocks/probe.ts';
import type { Storage, StoredFile } from '../../storage.ts';
import type { WebCalls } from '../../web/calls.ts';
import type { WebClient } from '../../web/client.ts';
import { getOverWeb, lengthOf } from '../../web/get.ts';
import { classifyStatus } from '../../web/status.ts';
import { type OciBucket, objectUrl, subjectOf } from './bucket.ts';
import { ociRefusal } from './classify.ts';
import { listObjects, sweepUploads } from './list.ts';
import { beginPreAuthenticated, beginSigned, type OciObject, putObject } from './upload.ts';

/** A bucket of Oracle's object storage, with a signature for every request. */
export function signedBucket(bucket: OciBucket, calls: WebCalls): Storage {
  const storage: Storage = {
    ...reading(bucket, calls),
    lists: true,

    put: (name, source, options, context) =>
      calls.once(context, async (client, signal) => {
        const object = { client, bucket, name };
        const begin = (late: AbortSignal) => beginSigned(object, options, late);
        const stored = await putObject(object, begin, source, options, signal);
        return await checked(object, stored, signal);
      }),

    list: (prefix, context) =>
      calls.stream(context, (client, signal) => listObjects({ client, bucket }, prefix, signal)),

    remove: (name, context) =>
      calls.once(context, async (client, signal) => {
        const response = await client.send({ method: 'DELETE', url: objectUrl(bucket, name) }, signal);
        if (response.status < 300) return response.discard();
        const refusal = await ociRefusal(response, 'remove', subjectOf(bucket, name));
        if (refusal.code !== 'file-missing') throw refusal;
      }),

    sweep: (prefix, context) =>
      calls.once(context, (client, signal) => sweepUploads({ client, bucket }, prefix, signal)),

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** A bucket, or what of it begins with a prefix, by a pre-authenticated request: it reads and writes; Oracle lets nobody remove by one. */
export function preAuthenticatedBucket(bucket: OciBucket, calls: WebCalls): Storage {
  const refused = (what: string, hint: string): AppError =>
    new AppError('unsupported', { message: `${bucket.description} is pre-authenticated: ${what}.`, hint });
  const storage: Storage = {
    ...reading(bucket, calls),
    lists: false,

    put: (name, source, options, context) =>
      calls.once(context, async (client, signal) => {
        const object = { client, bucket, name };
        const subject = subjectOf(bucket, name);
        if (options.ifExists === 'fail' && (await statObject(object, signal)) !== null)
          throw classifyStatus(412, 'put', subject, 'IfNoneMatchFailed');
        const begin = (late: AbortSignal) => beginPreAuthenticated(object, options, late);
        const stored = await putObject(object, begin, source, options, signal);
        return await checked(object, stored, signal);
      }),

    list: (_prefix, context) =>
      // biome-ignore lint/correctness/useYield: it refuses
      calls.stream(context, async function* () {
        throw refused('it cannot be listed', 'Name the file or the dump set.');
      }),

    remove: (name, context) =>
      calls.once(context, async (client, signal) => {
        if ((await statObject({ client, bucket, name }, signal)) === null) return;
        throw refused(
          `${name} cannot be removed by it`,
          'Remove it in the bucket, or use a credential of the kind oci.',
        );
      }),

    // Uploads that a killed process left do not show here; Oracle removes them by a rule of the bucket.
    sweep: (_prefix, context) => calls.once(context, async () => undefined),

    probe: (context) => probeInPlace(storage, context),
  };
  return storage;
}

/** As `probeStorage`, but always the same small file, which stays: nobody can remove it. */
async function probeInPlace(storage: Storage, context: Parameters<Storage['probe']>[0]): Promise<void> {
  const name = 'pumphouse-probe';
  const content = randomBytes(64);
  const source = {
    async *open(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(content);
    },
  };
  await storage.put(name, source, { ifExists: 'replace', expectedBytes: content.length }, context);
  const read: Uint8Array[] = [];
  for await (const chunk of storage.get(name, null, context)) read.push(chunk);
  if (Buffer.concat(read).equals(content)) return;
  throw new AppError('storage-failed', {
    message: `${storage.description} does not give back what was written to it.`,
    operation: 'probe',
  });
}

/** What does not depend on how the bucket is entered. */
function reading(
  bucket: OciBucket,
  calls: WebCalls,
): Pick<Storage, 'description' | 'keeps' | 'get' | 'stat' | 'freeBytes'> {
  return {
    description: bucket.description,
    keeps: true,
    get: (name, range, context) =>
      calls.stream(context, (client, signal) =>
        getOverWeb(client, objectUrl(bucket, name), range, subjectOf(bucket, name), signal, ociRefusal),
      ),
    stat: (name, context) =>
      calls.once(context, (client, signal) => statObject({ client, bucket, name }, signal)),
    freeBytes: (context) => calls.once(context, async () => null),
  };
}

async function statObject(
  { client, bucket, name }: { client: WebClient; bucket: OciBucket; name: string },
  signal: AbortSignal,
): Promise<StoredFile | null> {
  const response = await client.send({ method: 'HEAD', url: objectUrl(bucket, name) }, signal);
  response.discard();
  if (response.status === 404) return null;
  if (response.status !== 200) throw classifyStatus(response.status, 'stat', subjectOf(bucket, name));
  return { name, bytes: lengthOf(response) ?? 0 };
}

/**
 * Compares what the storage has with what was sent. It has confirmed the object by then, so that a question without answer changes nothing: to
 * store it again would find it there.
 */
async function checked(
  object: OciObject,
  { bytes }: { readonly bytes: number },
  signal: AbortSignal,
): Promise<{ readonly bytes: number }> {
  const stored = await statObject(object, signal).catch((error: unknown) => {
    if (error instanceof AppError && error.temporary) return { bytes };
    throw error;
  });
  if (stored?.bytes === bytes) return { bytes };
  throw new AppError('storage-failed', {
    message: `${subjectOf(object.bucket, object.name)}: ${bytes} bytes were sent, and the storage has ${stored?.bytes ?? 'none'}.`,
    operation: 'put',
    temporary: true,
  });
}
