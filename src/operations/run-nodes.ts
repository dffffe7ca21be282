import { isResting, type Job } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import {
  type BeginResult,
  endOf,
  nodeStep,
  tasksByNode,
  triesOf,
  type WorkPayload,
  type WorkResult,
} from './run-tasks.ts';

/** How a node of a run stands. Times are milliseconds since the epoch. */
export interface NodeStanding {
  readonly name: string;
  /** The type of its action. */
  readonly type: string;
  readonly state: 'waiting' | 'running' | 'completed' | 'failed' | 'ignored' | 'skipped';
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Tries begun. */
  readonly tries: number;
  /** Of the last try that failed, unless a later one did not. */
  readonly error: string | null;
  /** The job that it started; null: none. */
  readonly jobId: string | null;
}

/**
 * How each node of a run stands, in the order of the definition. Pure.
 * @param tasks all of the run
 * @param children the jobs that it started
 */
export function nodesOfRun(
  run: Job,
  tasks: readonly TaskRecord[],
  children: readonly Job[],
): readonly NodeStanding[] {
  const { definition } = run.request as RunRequest;
  const byNode = tasksByNode(tasks);
  return definition.nodes.map((node, place) => {
    const own = byNode.get(place) ?? [];
    const begin = own.find(({ kind }) => kind === 'begin')?.result as BeginResult | null | undefined;
    const tries = triesOf(own);
    const results = tries.flatMap(({ result }) => (result === null ? [] : [result as WorkResult]));
    const last = results.at(-1);
    const end = endOf(node, own);
    const job = Math.max(1, ...tries.map(({ payload }) => (payload as WorkPayload).job));
    const jobId = children.find(({ parent }) => parent?.step === nodeStep(place, job))?.id ?? null;
    const isBegun = (task: TaskRecord): boolean => task.state === 'running' || task.state === 'done';
    // A node that waits for its job has a task that nobody runs.
    const begun = tries.filter(isBegun).length;
    const first = tries.length === 1 && begun === 0 && jobId !== null ? 1 : 0;
    return {
      name: node.name,
      type: node.action.type,
      state: end === 'cut' ? 'skipped' : (end ?? stateOf(run, begin ?? null, last ?? null)),
      startedAt: begin?.run === true ? begin.at : null,
      finishedAt: end === null ? null : (last?.at ?? begin?.at ?? null),
      tries: begun + first,
      error: last?.end === 'failed' ? last.error.message : null,
      jobId,
    };
  });
}

/** Of a node that has not ended. */
function stateOf(job: Job, begin: BeginResult | null, last: WorkResult | null): NodeStanding['state'] {
  if (!isResting(job.state)) return begin === null ? 'waiting' : 'running';
  if (last?.end === 'failed') return 'failed';
  // What a cancelled run did not come to, or left in the middle, is never done; other runs can be resumed.
  return job.state === 'cancelled' ? 'skipped' : 'waiting';
}
