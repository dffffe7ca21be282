import { AppError, toAppError } from '../core/errors.ts';
import type { Snapshot, SourceSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import type { SnapshotPlan } from './plan-types.ts';

/** Which registered database is read, and by how many tasks at once. */
export interface SourceUse {
  readonly database: string;
  readonly threads: number;
}

/** The open database and its snapshot: what the tasks of one job share in this process. */
export interface ExportSource extends AsyncDisposable {
  readonly session: SourceSession;
  readonly snapshot: Snapshot;
  readonly lost: AbortSignal;
  /** Others know its token. */
  isShared: boolean;
}

/** How often a task joins again what it has lost while others hold it: a server that ends our sessions again and again is no accident. */
const mostJoins = 5;

/** The snapshot that the plan task takes. */
export function beginSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
): Promise<ExportSource> {
  return openSource(environment, request, context, async (session) => {
    // Nobody reads through an earlier one any more.
    if (context.job.restarts > 0) await endReaders(environment, request, context);
    return await session.begin(request.threads, context);
  });
}

/**
 * Lets the database go when all is read: a process that was frozen keeps what it has open there, and does not hear that the job has ended. Where no other
 * process took part, there is nothing to do.
 */
export async function endSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
): Promise<void> {
  if ((await context.snapshotTokens()).length > 1) await endReaders(environment, request, context);
}

/** Nothing that a job could fail by. */
async function endReaders(
  environment: Environment,
  { database }: SourceUse,
  context: TaskContext,
): Promise<void> {
  try {
    const { engine, target } = await environment.database(database);
    await engine.endReaders?.(target, context);
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.log.warn('readers of an earlier snapshot could not be ended', { job: context.job.id, error });
  }
}

/**
 * What the plan says of its snapshot once all is decided: the token by which others join it, which they are told of at once. Without one the job stays in
 * the process that holds it.
 */
export async function shareSource(
  source: ExportSource,
  context: TaskContext,
): Promise<{ readonly staysHere?: true }> {
  if (source.snapshot.token === null) return { staysHere: true };
  await share(source, context);
  return {};
}

/**
 * Does `work` with the snapshot that the plan took: still open in this process, or joined by the token of any process that holds it. When this process
 * loses its hold meanwhile, the work is done again with the snapshot of another. Throws `snapshot-lost` when nobody holds it any more.
 */
export async function withSource<T>(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
  work: (source: ExportSource) => Promise<T>,
): Promise<T> {
  for (let joins = 1; ; joins++) {
    const source = await sharedSource(environment, request, context);
    try {
      return await work(source);
    } catch (error) {
      const isLost = toAppError(error).kind === 'snapshot_lost' && source.lost.aborted;
      if (!isLost || joins === mostJoins || context.signal.aborted) throw error;
    }
  }
}

async function sharedSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
): Promise<ExportSource> {
  const source = await openSource(environment, request, context, async (session) => {
    const { snapshotToken } = context.job.plan as SnapshotPlan;
    if (snapshotToken === null) {
      throw new AppError('snapshot-lost', { message: 'The process that held the snapshot ended.' });
    }
    const shared = await context.snapshotTokens();
    return await joinAny(session, [snapshotToken, ...shared.toReversed()], request, context);
  });
  // Before anything is read: whoever looks for the snapshot when its other holders are gone finds it here.
  await share(source, context);
  return source;
}

/** Each task with a lease of its own, until one of them has done it. */
async function share(source: ExportSource, context: TaskContext): Promise<void> {
  const { token } = source.snapshot;
  if (source.isShared || token === null) return;
  await context.shareSnapshot(token);
  source.isShared = true;
}

/** Joins the first of the snapshots that is still there. They all see the same. */
async function joinAny(
  session: SourceSession,
  tokens: readonly string[],
  { threads }: SourceUse,
  context: TaskContext,
): Promise<Snapshot> {
  let lost: unknown;
  for (const token of new Set(tokens)) {
    try {
      return await session.join(token, threads, context);
    } catch (error) {
      if (toAppError(error).kind !== 'snapshot_lost') throw error;
      lost ??= error;
    }
  }
  throw lost;
}

function openSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
  take: (session: SourceSession) => Promise<Snapshot>,
): Promise<ExportSource> {
  return context.shared('source', async () => {
    const { engine, target } = await environment.database(request.database);
    const session = await engine.openSource(target, context);
    try {
      const snapshot = await take(session);
      return {
        session,
        snapshot,
        lost: snapshot.lost,
        isShared: false,
        [Symbol.asyncDispose]: async () => {
          await snapshot[Symbol.asyncDispose]();
          await session[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  });
}
