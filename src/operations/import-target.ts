import type { TargetSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';

/** Which registered database is written to, and by how many tasks at once. */
export interface TargetUse {
  readonly database: string;
  readonly threads: number;
}

/** The open target that the tasks of one job share in this process, with the place for its receipts made ready. */
export function sharedTarget(
  environment: Environment,
  request: TargetUse,
  context: TaskContext,
): Promise<TargetSession> {
  return context.shared('target', async () => {
    const { engine, target } = await environment.database(request.database);
    return engine.openTarget(target, context);
  });
}
