import type { DefinitionNode } from '../core/definition.ts';
import { type AppError, toErrorRecord } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import type { ClaimedTask, TaskCompletion } from '../jobs/job-store.ts';
import { type WorkPayload, type WorkResult, workTask } from './run-tasks.ts';

/** Somebody must look at what these are about first: another try by itself would be blind. */
const neverRetried: readonly string[] = ['script-uncertain'];

/**
 * How a try ends that failed: the next one comes by itself, or the node's policy decides. Where it ends the run, the try of a resume is left. Pure.
 * @param now milliseconds since the epoch
 */
export function nodeFailed({ task, job }: ClaimedTask, error: AppError, now: number): TaskCompletion {
  const { definition } = job.request as RunRequest;
  const payload = task.payload as WorkPayload;
  const node = definition.nodes[payload.node];
  if (node === undefined) throw new Error(`The run has no node ${payload.node}.`);
  const record = toErrorRecord(error);
  const ends = (next: 'retry' | 'resume' | 'none'): WorkResult => ({
    end: 'failed',
    at: now,
    error: record,
    next,
  });
  const { restedAt, isCancelled = false } = error.context;
  const following = (left: number): WorkPayload => ({
    node: payload.node,
    name: payload.name,
    number: payload.number + 1,
    left,
    job: payload.job + (isCancelled === true ? 1 : 0),
    brokenAt: typeof restedAt === 'number' && isCancelled === false ? restedAt : null,
  });
  const line = (level: NewJobLogEntry['level'], after: string): readonly NewJobLogEntry[] => [
    {
      level,
      event: level === 'error' ? 'error' : 'note',
      message: `Node ${node.name} failed: ${error.message} ${after}`.trim(),
      data: { code: error.code, node: node.name },
    },
  ];

  const ofRun = error.context.ofRun === true;
  const isWanted = !ofRun && isCancelled === false && !neverRetried.includes(error.code);
  if (payload.left > 0 && isWanted) {
    const { retryDelaySeconds } = node;
    const when = retryDelaySeconds === 0 ? 'again' : `again in ${retryDelaySeconds} s`;
    const next = workTask(following(payload.left - 1), now + retryDelaySeconds * 1000);
    const log = line('warn', `Trying ${when}; ${payload.left - 1} further tries are left.`);
    return { result: ends('retry'), spawn: [next], log };
  }
  switch (ofRun ? 'fail' : node.onFailure) {
    case 'fail':
      return {
        result: ends('resume'),
        spawn: [workTask(following(node.retries))],
        rest: {
          state: 'failed',
          error: ofRun ? record : { ...record, message: titled(node, record.message) },
        },
      };
    case 'suspend':
      return {
        result: ends('resume'),
        spawn: [workTask(following(node.retries))],
        rest: { state: 'stopped' },
        log: line('error', `The run stops, as the node says; resume it once that is mended. ${error.hint}`),
      };
    case 'skip_dependents':
      return {
        result: ends('none'),
        errors: 1,
        log: line('error', 'What depends on it is skipped.'),
      };
    case 'ignore':
      return { result: ends('none'), log: line('warn', 'That is ignored, as the node says.') };
  }
}

const titled = ({ name }: DefinitionNode, message: string): string =>
  message.toLowerCase().includes(`node ${name.toLowerCase()}`) ? message : `Node ${name}: ${message}`;
