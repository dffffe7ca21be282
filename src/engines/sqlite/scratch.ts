import { chmod, chown, lstat, open, readlink, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { abortError } from '../../core/abort-error.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { EngineTarget, ScratchDatabases } from '../engine.ts';
import { checkWritable } from './check-writable.ts';
import { sqliteTarget } from './database-url.ts';
import type { ScratchCalls } from './scratch-worker.ts';
import { sideFiles } from './side-files.ts';
import { startWorker } from './worker-calls.ts';
import { inWriteTurn } from './write-turns.ts';

/**
 * Databases in files beside a registered one. Nobody outside of this process can be put out of a file: who has the old one open is waited for, and
 * who comes later with a connection from before is told by SQLite that his file was moved.
 */
export const scratchDatabases: ScratchDatabases = {
  make: (like, name, context) =>
    guarded('make database', async () => {
      const likePath = await realFile(sqliteTarget(like).path);
      const path = besidePath(likePath, name);
      await checkWritable(path);
      await makeFile(path, likePath);
      await withWorker(context, (worker) =>
        worker.call('make', { path, like: likePath }, { signal: context.signal }),
      );
      return madeTarget(path, likePath);
    }),
  drop: (scratch) =>
    guarded('drop database', async () => {
      const { path } = sqliteTarget(scratch);
      if (scratch.beside === undefined) {
        throw new AppError('internal', { message: `The database file ${path} is not ours to remove.` });
      }
      for (const each of [path, ...sideFiles(path)]) await rm(each, { force: true });
    }),
  swap: (target, scratch, oldName, context) =>
    guarded('swap databases', async () => {
      const live = await realFile(sqliteTarget(target).path);
      const fresh = sqliteTarget(scratch).path;
      const old = besidePath(live, oldName);
      await checkOwner(live, fresh);
      await inWriteTurn(live, context.signal, () =>
        withWorker(context, (worker) =>
          worker.call('swap', { live, fresh, old }, { signal: context.signal }),
        ),
      );
      return madeTarget(old, live);
    }),
};

type Worker = ReturnType<typeof startWorker<ScratchCalls>>;

async function withWorker<T>({ signal }: OperationContext, work: (worker: Worker) => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  const worker = startWorker<ScratchCalls>(import.meta.url, 'scratch-worker');
  await using _worker = worker;
  return await work(worker);
}

const madeTarget = (path: string, beside: string): EngineTarget => ({ path, beside });

/** In the same folder, so that a rename is enough, and with the same ending, so that people know it. */
const besidePath = (path: string, name: string): string => join(dirname(path), `${name}${extname(path)}`);

/** The file that a path leads to, whether or not it is there; SQLite keeps its side files beside that one too. */
async function realFile(path: string): Promise<string> {
  const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (real !== null) return real;
  const own = join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  const state = await lstat(own).catch(() => null);
  return state?.isSymbolicLink() === true ? realFile(resolve(dirname(own), await readlink(own))) : own;
}

/** An empty file with the permissions of the other, and with its owner where we may give it away. */
async function makeFile(path: string, like: string): Promise<void> {
  const state = await stat(like).catch(() => null);
  const file = await open(path, 'a', 0o600);
  await file.close();
  if (state === null) return;
  await chown(path, state.uid, state.gid).catch(() => undefined);
  await chmod(path, state.mode & 0o777).catch(() => undefined);
}

/** Who worked with the file must be able to go on. */
async function checkOwner(live: string, fresh: string): Promise<void> {
  const [one, other] = await Promise.all([live, fresh].map((path) => stat(path).catch(() => null)));
  if (one == null || other == null || (one.uid === other.uid && one.gid === other.gid)) return;
  throw new AppError('database-privilege', {
    message: `The file ${live} belongs to another user or group than files that Pumphouse makes beside it.`,
    hint: 'Restore into another database, or run Pumphouse as the user that the file belongs to.',
    operation: 'swap databases',
  });
}

/** What the system says of a file or folder is about its permissions, nearly always. */
async function guarded<T>(operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError || !(error instanceof Error) || !('syscall' in error))
      throw toAppError(error);
    throw new AppError('database-privilege', {
      message: `The system does not let us: ${error.message}.`,
      hint: 'Let the user that Pumphouse runs as write the folder of the database.',
      operation,
      cause: error,
    });
  }
}
