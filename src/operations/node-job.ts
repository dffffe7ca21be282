import type { Clock } from '../base/clock.ts';
import type { DefinitionNode, NodeAction } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import { isResting, type Job, type NewJobLogEntry } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import { substituteWithin } from '../core/run-parameters.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ChildStart } from './child-jobs.ts';
import { logLine } from './log-lines.ts';
import type { NodeLimit } from './node-limits.ts';
import { type ChildParts, childFailed, followChild } from './run-child.ts';
import { nodeStep, type WorkPayload } from './run-tasks.ts';

/** What nodes that are jobs need. */
export interface JobNodeParts extends ChildParts {
  /** Goes on with a job that failed or was stopped. */
  readonly resume: (jobId: string) => Promise<void>;
  /** Stops a job, so that it can be resumed; one that rests is left alone. */
  readonly stop: (jobId: string) => Promise<void>;
  readonly clock: Clock;
}

/** How far a node's job is. */
export type NodeJobRun =
  | { readonly type: 'waits'; readonly outcome: TaskOutcome }
  /** `errors`: 1 when the job met some. */
  | { readonly type: 'done'; readonly log: readonly NewJobLogEntry[]; readonly errors: number };

/**
 * Brings the job of a node forward. A further try goes on with the job of the try before, as a resume of the run does: what it had done stays
 * done. At the limit the job is stopped.
 * @throws AppError `child-failed` (context `restedAt`, `isCancelled`) when it did not complete, or the error of the limit
 */
export async function runNodeJob(
  parts: JobNodeParts,
  request: RunRequest,
  node: DefinitionNode,
  { job: { kind, input } }: Extract<NodeAction, { readonly type: 'job' }>,
  payload: WorkPayload,
  limit: NodeLimit | null,
  context: TaskContext,
): Promise<NodeJobRun> {
  const { jobs, resume, stop, clock } = parts;
  const step = nodeStep(payload.node, payload.job);
  const before = await jobs.childJob(context.job.id, step);
  if (before !== null && canGoOn(before) && before.finishedAt === payload.brokenAt) {
    await resume(before.id);
    return { type: 'waits', outcome: waitFor(before, limit, clock) };
  }
  const isOver = limit !== null && clock.now() >= limit.at;
  if (isOver && before === null) throw limit.error;
  const followed = await followChild(
    parts,
    context,
    step,
    () => ({ kind, input: substituteWithin(input, request.params) }) as ChildStart,
  );
  switch (followed.state) {
    case 'waits': {
      const child = before ?? (await jobs.childJob(context.job.id, step));
      if (child === null) return { type: 'waits', outcome: followed.outcome };
      if (before === null) {
        await context.note(
          logLine('note', `Node ${node.name} started the job ${child.name} (${child.kind}).`, {
            node: node.name,
            job: child.id,
          }),
        );
      }
      if (isOver && !isResting(child.state)) await stop(child.id);
      return { type: 'waits', outcome: waitFor(child, isOver ? null : limit, clock) };
    }
    case 'done':
      return doneWith(node, followed.job);
    case 'broken': {
      const { state, finishedAt } = followed.job;
      const error = isOver && state === 'stopped' ? limit.error : childFailed(followed.job);
      throw new AppError(error.code, {
        message: error.message,
        hint: error.hint,
        temporary: false,
        context: { ...error.context, restedAt: finishedAt, isCancelled: !canGoOn(followed.job) },
      });
    }
  }
}

const canGoOn = ({ state }: Job): boolean => state === 'failed' || state === 'stopped';

function waitFor({ id }: Job, limit: NodeLimit | null, clock: Clock): TaskOutcome {
  const wait = { type: 'wait', jobIds: [id] } as const;
  return limit === null ? wait : { ...wait, recheckMs: Math.max(0, limit.at - clock.now()) };
}

function doneWith({ name }: DefinitionNode, job: Job): NodeJobRun {
  const data = { node: name, job: job.id };
  const { errorCount } = job;
  if (errorCount === 0) {
    const line = logLine('note', `Node ${name} completed with the job ${job.name}.`, data);
    return { type: 'done', log: [line], errors: 0 };
  }
  const message = `Node ${name} completed with the job ${job.name}, which met ${errorCount} errors.`;
  return { type: 'done', log: [{ level: 'warn', event: 'note', message, data }], errors: 1 };
}
