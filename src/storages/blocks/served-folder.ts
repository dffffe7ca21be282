import type { OperationContext } from '../../core/context.ts';
import { type AppError, toAppError } from '../../core/errors.ts';
import { checkFileName } from '../file-name.ts';
import type { ByteRange, ByteSource, PutOptions, Storage } from '../storage.ts';
import type { ClientLease } from './client-cache.ts';
import type { ConnectionPool, PooledConnection } from './connection-pool.ts';
import { type FolderEntry, listFolder } from './folder-list.ts';
import type { FolderLocation } from './folder-location.ts';
import { isAbandoned } from './part-name.ts';
import { probeStorage } from './probe.ts';

/** After an abort, so long for what must be cleaned up; then the connection is thrown away. */
const cleanUpMs = 700;
/** How long another connection may take to remove what is left of a put whose own connection broke. */
const tidyMs = 10_000;

/** A connection whose requests can be given up. */
export interface InterruptibleConnection extends PooledConnection {
  /** Rejects what is under way. Later requests go on as ever. */
  interrupt(reason: unknown): void;
}

/** What was asked of the server when something failed. */
export type FolderOperation = 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep' | 'free space';

/** Where a file is put. */
export interface PutTarget {
  readonly path: string;
  readonly name: string;
  /** For messages: `sftp://user@host/path`. */
  readonly subject: string;
  /** What `path` lies below. */
  readonly base: string;
}

/** A put under way: its part lies at the server until it is published, or tidied away. */
export interface PutProgress {
  /** Null before it is made, and after it got its name. */
  part: string | null;
}

/** A protocol of folders and files. Paths are a base, a slash and a name (see folder-location.ts). */
export interface FolderProtocol<C> {
  /** Writes a part beside the path and gives it its name in one step. Never tidies up: `progress` says what is left. */
  put(
    connection: C,
    target: PutTarget,
    source: ByteSource,
    options: PutOptions,
    signal: AbortSignal,
    progress: PutProgress,
  ): Promise<{ readonly bytes: number }>;
  get(
    connection: C,
    path: string,
    subject: string,
    range: ByteRange | null,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Null when there is no such file. */
  sizeOf(connection: C, path: string): Promise<number | null>;
  /** Nothing when the folder does not exist. `later` runs a request after the reading, on any connection. */
  readFolder(
    connection: C,
    folder: string,
    signal: AbortSignal,
    later: <T>(work: (connection: C) => Promise<T>) => Promise<T>,
  ): Promise<readonly FolderEntry[]>;
  /** Removes a file, which may be missing, and the folders above it that this leaves empty, up to but without `base`. */
  remove(connection: C, base: string, path: string): Promise<void>;
  freeBytes(connection: C, base: string): Promise<number | null>;
  classify(error: unknown, operation: FolderOperation, subject: string): AppError;
}

/**
 * The storage of a folder at a file server. Each call has a connection to itself; an abort interrupts it, and what is not done soon after
 * loses its connection.
 */
export function servedFolder<C extends InterruptibleConnection>(
  { base, description }: FolderLocation,
  leasePool: () => ClientLease<ConnectionPool<C>>,
  protocol: FolderProtocol<C>,
): Storage {
  const subjectOf = (name: string): string => `${description}/${name}`;
  const pathOf = (name: string): string => {
    checkFileName(name);
    return `${base}/${name}`;
  };
  const failure = (
    error: unknown,
    operation: FolderOperation,
    name: string,
    { signal }: OperationContext,
  ): AppError => {
    // An abort counts more than the error that it led to.
    if (signal.aborted) return toAppError(signal.reason);
    return protocol.classify(error, operation, subjectOf(name));
  };
  /** Runs `work` so that only AppErrors leave it. */
  const call = async <T>(
    operation: FolderOperation,
    name: string,
    context: OperationContext,
    work: (connection: C) => Promise<T>,
  ): Promise<T> => {
    try {
      using visit = await enter(leasePool, context.signal);
      return await work(visit.connection);
    } catch (error) {
      throw failure(error, operation, name, context);
    }
  };
  /** All files or parts. Each folder's reading has its own turn at a connection, so that none waits while the files are looked at. */
  const files = (
    operation: FolderOperation,
    prefix: string,
    unfinished: boolean,
    context: OperationContext,
  ): ReturnType<typeof listFolder> => {
    const later = <T>(work: (connection: C) => Promise<T>): Promise<T> =>
      call(operation, prefix, context, work);
    const read = (folder: string): Promise<readonly FolderEntry[]> =>
      later((connection) =>
        protocol.readFolder(connection, `${base}/${folder}`.replace(/\/$/, ''), context.signal, later),
      );
    return listFolder(read, prefix, unfinished, context.signal);
  };
  /** Removes a part over another connection than the put's own. Never fails. */
  const tidyElsewhere = async (part: string): Promise<void> => {
    try {
      using visit = await enter(leasePool, AbortSignal.timeout(tidyMs));
      await protocol.remove(visit.connection, base, part);
    } catch {
      // The server is away: a sweep removes it.
    }
  };

  const storage: Storage = {
    description,
    keeps: true,
    lists: true,

    async put(name, source, options, context) {
      const target = { base, name, path: pathOf(name), subject: subjectOf(name) };
      const progress: PutProgress = { part: null };
      try {
        return await call('put', name, context, async (connection) => {
          try {
            return await protocol.put(connection, target, source, options, context.signal, progress);
          } catch (error) {
            await tidy(protocol, connection, base, progress);
            throw error;
          }
        });
      } catch (error) {
        const tidying = progress.part === null ? null : tidyElsewhere(progress.part);
        // Who has aborted waits no longer.
        if (!context.signal.aborted) await tidying;
        throw error;
      }
    },

    async *get(name, range, context) {
      const path = pathOf(name);
      try {
        using visit = await enter(leasePool, context.signal);
        for await (const chunk of protocol.get(
          visit.connection,
          path,
          subjectOf(name),
          range,
          context.signal,
        )) {
          context.signal.throwIfAborted();
          yield chunk;
        }
      } catch (error) {
        throw failure(error, 'get', name, context);
      }
    },

    async stat(name, context) {
      const path = pathOf(name);
      const bytes = await call('stat', name, context, (connection) => protocol.sizeOf(connection, path));
      return bytes === null ? null : { name, bytes };
    },

    async *list(prefix, context) {
      for await (const { name, bytes } of files('list', prefix, false, context)) yield { name, bytes };
    },

    async remove(name, context) {
      const path = pathOf(name);
      await call('remove', name, context, (connection) => protocol.remove(connection, base, path));
    },

    async sweep(prefix, context) {
      const now = Date.now();
      for await (const { name, modifiedMs } of files('sweep', prefix, true, context)) {
        if (!isAbandoned(name, modifiedMs, now)) continue;
        await call('sweep', name, context, (connection) =>
          protocol.remove(connection, base, `${base}/${name}`),
        );
      }
    },

    freeBytes: (context) =>
      call('free space', '', context, (connection) => protocol.freeBytes(connection, base)),

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** Removes what a failed put left, unless its connection is the reason. */
async function tidy<C>(
  protocol: FolderProtocol<C>,
  connection: C,
  base: string,
  progress: PutProgress,
): Promise<void> {
  if (progress.part === null) return;
  try {
    await protocol.remove(connection, base, progress.part);
    progress.part = null;
  } catch {
    // Over another connection, then.
  }
}

/** A connection of one's own, and its giving back. */
async function enter<C extends InterruptibleConnection>(
  leasePool: () => ClientLease<ConnectionPool<C>>,
  signal: AbortSignal,
): Promise<{ readonly connection: C } & Disposable> {
  const lease = leasePool();
  let connection: C;
  try {
    connection = await lease.client.take(signal);
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => connection.destroy(), cleanUpMs);
    connection.interrupt(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    connection,
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      lease.client.giveBack(connection);
      lease[Symbol.dispose]();
    },
  };
}
