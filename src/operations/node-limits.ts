import type { Clock } from '../base/clock.ts';
import { linkAbort } from '../base/linked-abort.ts';
import type { Definition, DefinitionNode } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { Shareable, TaskContext } from '../jobs/handler.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { type BeginResult, nodeGroup, triesOf, type WorkPayload, type WorkResult } from './run-tasks.ts';

/** When a try of a node must be over, and why. */
export interface NodeLimit {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Its context says `ofRun: true` when the limit is that of the whole run. */
  readonly error: AppError;
}

interface Beginning extends Shareable {
  readonly at: number;
}

/**
 * The nearer of the two limits of a try: its node's, and the run's; null: there is none. Both count from when the run, or the try, was begun, whichever
 * process has it now; after a resume they begin anew.
 */
export async function limitOf(
  jobs: Pick<JobStore, 'readLog'>,
  context: TaskContext,
  payload: WorkPayload,
  node: DefinitionNode,
  definition: Definition,
): Promise<NodeLimit | null> {
  if (definition.timeoutSeconds === null && node.timeoutSeconds === null) return null;
  const run = await context.shared('began run', async (): Promise<Beginning> => {
    const at = await takenUpAt(jobs, context.job);
    return { at, [Symbol.asyncDispose]: async () => undefined };
  });
  const own = Math.max(run.at, await begunAt(context, payload, node));
  const limits = [
    limit(run.at, definition.timeoutSeconds, true, 'The run'),
    limit(own, node.timeoutSeconds, false, `The node ${node.name}`),
  ];
  const [nearest = null] = limits.flatMap((each) => each ?? []).sort((a, b) => a.at - b.at);
  return nearest;
}

const pageOfLog = 1_000;

/** When the run was begun, or was last resumed, and was then given out: its log tells, to every process the same. */
async function takenUpAt(jobs: Pick<JobStore, 'readLog'>, job: Job): Promise<number> {
  let queuedAt = job.createdAt;
  let takenAt: number | null = null;
  for (let after = 0; ; ) {
    const entries = await jobs.readLog(job.id, after, pageOfLog);
    for (const { event, data, at } of entries) {
      if (event !== 'state') continue;
      if (data.state === 'queued') [queuedAt, takenAt] = [at, null];
      else takenAt ??= at;
    }
    after = entries.at(-1)?.seq ?? after;
    if (entries.length < pageOfLog) return takenAt ?? queuedAt;
  }
}

/** A try comes after the decision that the node runs, or after the try before it. */
async function begunAt(
  context: TaskContext,
  { node: place, number }: WorkPayload,
  { retryDelaySeconds }: DefinitionNode,
): Promise<number> {
  const tasks = await context.tasks(undefined, nodeGroup(place));
  const before = triesOf(tasks).find(({ payload }) => (payload as WorkPayload).number === number - 1);
  if (before !== undefined) return (before.result as WorkResult).at + retryDelaySeconds * 1000;
  const decided = tasks.find(({ kind }) => kind === 'begin');
  return decided === undefined ? context.job.createdAt : (decided.result as BeginResult).at;
}

function limit(since: number, seconds: number | null, ofRun: boolean, what: string): NodeLimit | null {
  if (seconds === null) return null;
  const error = new AppError('run-timeout', {
    message: `${what} took longer than ${seconds} s.`,
    context: { ofRun },
  });
  return { at: since + seconds * 1000, error };
}

/** Longer timers end at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Does the work, with a signal that aborts at the limit too; rejects with the limit's error then. */
export async function within<T>(
  nearest: NodeLimit | null,
  clock: Clock,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (nearest === null) return await work(parent);
  const leftMs = nearest.at - clock.now();
  if (leftMs <= 0) throw nearest.error;
  using linked = linkAbort(parent);
  const timer = leftMs > longestTimerMs ? undefined : setTimeout(() => linked.abort(nearest.error), leftMs);
  try {
    return await work(linked.signal);
  } catch (error) {
    // Whatever the work says of its end: it was this.
    throw linked.signal.aborted && !parent.aborted ? nearest.error : error;
  } finally {
    clearTimeout(timer);
  }
}
