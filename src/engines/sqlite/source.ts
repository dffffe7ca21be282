import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { Snapshot, SourceSession } from '../engine.ts';
import type { SqliteTarget } from './database-url.ts';
import { type Lane, openLane } from './lanes.ts';
import { createSnapshot } from './snapshot.ts';
import { beginView, openLanes } from './view.ts';

/** Reading is work for the processor alone: more lanes than that would only take turns. */
const mostLanes = Math.max(2, availableParallelism());

/** Opens an existing database file for reading. */
export async function openSqliteSource(
  { path }: SqliteTarget,
  context: OperationContext,
): Promise<SourceSession> {
  await checkReadable(path);
  const { lane, version } = await openLane(path, context.signal);
  /** The connection that was opened first; the first snapshot takes it over. */
  let spare: Lane | null = lane;

  const view = async (wanted: number, { signal, log }: OperationContext) => {
    const count = Math.max(1, Math.min(wanted, mostLanes));
    const own = spare === null ? [] : [spare];
    spare = null;
    let lanes = own;
    try {
      lanes = [...own, ...(await openLanes(path, count - own.length, signal))];
      return await beginView(lanes, path, { signal, log });
    } catch (error) {
      await Promise.all(lanes.map((each) => each[Symbol.asyncDispose]()));
      throw error;
    }
  };
  return {
    serverVersion: version,
    async preflight({ signal }) {
      if (spare !== null) return spare.call('preflight', undefined, { signal });
      const { lane: own } = await openLane(path, signal);
      await using _own = own;
      return await own.call('preflight', undefined, { signal });
    },
    async begin(lanes, callContext) {
      return createSnapshot(await view(lanes, callContext));
    },
    async join(token, lanes, callContext): Promise<Snapshot> {
      const snapshot = createSnapshot(await view(lanes, callContext));
      if (snapshot.token === token) return snapshot;
      await snapshot[Symbol.asyncDispose]();
      throw new AppError('snapshot-lost', {
        message: `The database ${path} has changed since the snapshot was taken.`,
      });
    },
    async [Symbol.asyncDispose]() {
      await spare?.[Symbol.asyncDispose]();
      spare = null;
    },
  };
}

/** Says what is wrong with a path, as far as that can be seen without opening it. */
async function checkReadable(path: string): Promise<void> {
  const state = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (state instanceof Error) {
    if (state.code === 'ENOENT' || state.code === 'ENOTDIR') {
      throw new AppError('database-missing', {
        message: `There is no database file ${path}.`,
        hint: 'Correct the path in the database URL.',
      });
    }
    throw new AppError('database-privilege', {
      message: `The database file ${path} cannot be reached: ${state.message}.`,
      hint: 'Check the permissions of the folders on the way to it.',
    });
  }
  if (!state.isFile()) {
    throw new AppError('database-not-a-database', { message: `${path} is not a file.` });
  }
  await access(path, constants.R_OK).catch((error: Error) => {
    throw new AppError('database-privilege', {
      message: `The database file ${path} cannot be read: ${error.message}.`,
      hint: 'Let the user that Pumphouse runs as read the file.',
    });
  });
}
