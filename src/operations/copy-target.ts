import { createHash } from 'node:crypto';
import type { CopyRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import { sharedTarget, type TargetUse } from './import-target.ts';
import { applyObjects } from './import-tasks.ts';
import { logLine } from './log-lines.ts';
import type { ApplyPayload } from './plan-types.ts';

/** The side of a copy that is written to. */
export const targetOf = ({ target, threads }: CopyRequest): TargetUse => ({ database: target, threads });

/**
 * Runs what comes after the data. The receipt says what was run, not which task ran it: after a restart the tasks are made anew, and
 * what is there already stays.
 */
export function applyCopied(
  environment: Environment,
  target: TargetUse,
  kind: string,
  payload: ApplyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const text = JSON.stringify(payload.objects.map(({ sql }) => sql));
  const key = `${kind}/${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  return applyObjects(environment, target, key, payload, context);
}

/** After a cancel: what was made in the target stays, as after an import. */
export async function cleanUpCopy(
  environment: Environment,
  request: CopyRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await sharedTarget(environment, targetOf(request), context);
  await target.forget(context.job.id, context);
  return { type: 'done', result: null, log: [logLine('note', await leftIn(request.target, context))] };
}

/** What a cancelled copy has left in its target. A task that could run may have committed, whatever became of its answer. */
async function leftIn(target: string, context: TaskContext): Promise<string> {
  const mayHaveRun = async (kind: string): Promise<boolean> =>
    (await context.tasks(kind)).some(({ state }) => state !== 'waiting');
  if (await mayHaveRun('prepare'))
    return `What the copy made in database ${target} so far stays there. Drop it before the next copy, or use table_exists_action.`;
  if (await mayHaveRun('clear'))
    return `The tables of database ${target} that were to be written anew may be empty or gone; nothing else was changed there.`;
  return `Nothing was changed in database ${target}.`;
}
