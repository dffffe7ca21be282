import type { ImportRequest } from '../core/request.ts';
import type { TargetSession } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';

/** The open target that the tasks of one import share in this process, with the place for its receipts made ready. */
export function sharedTarget(
  environment: Environment,
  request: ImportRequest,
  context: TaskContext,
): Promise<TargetSession> {
  return context.shared('target', async () => {
    const { engine, target } = await environment.database(request.database);
    return engine.openTarget(target, context);
  });
}
