import { AppError } from '../core/errors.ts';
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
}

/** The snapshot that the plan task takes. */
export function beginSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
): Promise<ExportSource> {
  return openSource(environment, request, context, (session) => session.begin(request.threads, context));
}

/** The snapshot that the plan took: still open in this process, or joined by its token. Throws `snapshot-lost` when it is gone. */
export function sharedSource(
  environment: Environment,
  request: SourceUse,
  context: TaskContext,
): Promise<ExportSource> {
  return openSource(environment, request, context, (session) => {
    const { snapshotToken } = context.job.plan as SnapshotPlan;
    if (snapshotToken === null) {
      throw new AppError('snapshot-lost', { message: 'The process that held the snapshot ended.' });
    }
    return session.join(snapshotToken, request.threads, context);
  });
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
