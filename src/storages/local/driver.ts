import { stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { isAbandoned } from '../blocks/part-name.ts';
import { probeStorage } from '../blocks/probe.ts';
import type { Storage, StorageDriver, StoredFile } from '../storage.ts';
import { classify, errnoOf, type LocalOperation } from './classify.ts';
import { getFile } from './get.ts';
import { listFiles } from './list.ts';
import { checkInside, pathOf } from './paths.ts';
import { putFile, removeEmptyFolders } from './put.ts';

/** A folder of this machine, or one mounted on it: `file:///absolute/path`. */
export const localDriver: StorageDriver = {
  schemes: ['file'],
  example: 'file:///var/dumps',
  options: [],
  credentialTypes: [],
  isLocal: true,
  open: ({ url }) => localStorage(baseOf(url)),
};

function baseOf(url: URL): string {
  const invalid = (fault: string): AppError =>
    new AppError('location-invalid', {
      message: `The storage URL ${JSON.stringify(url.href)} ${fault}.`,
      hint: 'Give an absolute path: file:///var/dumps.',
    });
  if (url.protocol !== 'file:') throw invalid('is not a file: URL');
  if (url.host !== '' && url.host !== 'localhost')
    throw invalid(`names the host ${url.host}; files are of this machine`);
  if (url.search !== '' || url.hash !== '') throw invalid('has a query or fragment, which files do not take');
  try {
    const local = new URL(url);
    local.host = '';
    const path = fileURLToPath(local);
    if (path.includes('\0')) throw invalid('holds a zero byte');
    return join(path, '.');
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid('is not the path of a folder');
  }
}

function localStorage(base: string): Storage {
  /** Runs `work` so that only AppErrors leave it. */
  const guarded = async <T>(
    operation: LocalOperation,
    subject: string,
    context: OperationContext,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      context.signal.throwIfAborted();
      return await work();
    } catch (error) {
      throw failure(error, operation, subject, context);
    }
  };

  const storage: Storage = {
    description: `file://${base}`,
    keeps: true,
    lists: true,

    put(name, source, options, context) {
      return guarded('put', join(base, name), context, async () => {
        const path = pathOf(base, name);
        return await putFile(base, path, source, options, context.signal);
      });
    },

    async *get(name, range, context) {
      try {
        yield* getFile(base, pathOf(base, name), range, context.signal);
      } catch (error) {
        throw failure(error, 'get', join(base, name), context);
      }
    },

    stat(name, context) {
      return guarded('stat', join(base, name), context, async () => await statFile(base, name));
    },

    async *list(prefix, context) {
      try {
        for await (const { name, bytes } of listFiles(base, prefix, false, context.signal))
          yield { name, bytes };
      } catch (error) {
        throw failure(error, 'list', join(base, prefix), context);
      }
    },

    remove(name, context) {
      return guarded('remove', join(base, name), context, async () => {
        const path = pathOf(base, name);
        await checkInside(base, dirname(path));
        await unlink(path).catch((error: unknown) => {
          if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
        });
        await removeEmptyFolders(base, dirname(path));
      });
    },

    sweep(prefix, context) {
      return guarded('sweep', join(base, prefix), context, async () => {
        const now = Date.now();
        for await (const part of listFiles(base, prefix, true, context.signal)) {
          if (!isAbandoned(part.name, part.modifiedMs, now)) continue;
          await unlink(join(base, part.name)).catch(() => undefined);
          await removeEmptyFolders(base, dirname(join(base, part.name)));
        }
      });
    },

    freeBytes(context) {
      return guarded('free space', base, context, () => freeBytesAt(base));
    },

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** An abort counts more than the error that it led to. */
function failure(
  error: unknown,
  operation: LocalOperation,
  subject: string,
  context: OperationContext,
): AppError {
  if (context.signal.aborted) return toAppError(context.signal.reason);
  return classify(error, operation, subject);
}

async function statFile(base: string, name: string): Promise<StoredFile | null> {
  const path = pathOf(base, name);
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return null;
    await checkInside(base, path);
    return { name, bytes: facts.size };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

/** Of the file system that `folder` is on, or would be: it may not be made yet. */
async function freeBytesAt(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (errnoOf(error) !== 'ENOENT' || parent === folder) throw error;
    return await freeBytesAt(parent);
  }
}
