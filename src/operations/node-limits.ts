import type { Clock } from '../base/clock.ts';
import { linkAbort } from '../base/linked-abort.ts';
import type { Definition, DefinitionNode } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { Shareable, TaskContext } from '../jobs/handler.ts';

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
 * The nearer of the two limits of a try: its node's, and the run's; null: there is none. Both count from when this process took the run, or the
 * try, up: after a resume and after a restart of the service they begin anew.
 */
export async function limitOf(
  clock: Clock,
  context: TaskContext,
  task: string,
  node: DefinitionNode,
  definition: Definition,
): Promise<NodeLimit | null> {
  const begun = (what: string): Promise<Beginning> =>
    context.shared(`began ${what}`, async () => ({
      at: clock.now(),
      [Symbol.asyncDispose]: async () => undefined,
    }));
  const run = await begun('run');
  const own = await begun(task);
  const limits = [
    limit(run.at, definition.timeoutSeconds, true, 'The run'),
    limit(own.at, node.timeoutSeconds, false, `The node ${node.name}`),
  ];
  const [nearest = null] = limits.flatMap((each) => each ?? []).sort((a, b) => a.at - b.at);
  return nearest;
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
