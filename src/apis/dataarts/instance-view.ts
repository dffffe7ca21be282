import type { Job, JobState } from '../../core/job.ts';
import type { RunNode } from '../../service/definition-service.ts';

type Json = Readonly<Record<string, unknown>>;

const states: Readonly<Record<JobState, string>> = {
  queued: 'waiting',
  planning: 'running',
  executing: 'running',
  completing: 'running',
  completed: 'success',
  failed: 'fail',
  stopping: 'running',
  stopped: 'manual-stop',
  cancelling: 'running',
  cancelled: 'manual-stop',
};
const nodeStates: Readonly<Record<RunNode['state'], string>> = {
  waiting: 'waiting',
  running: 'running',
  completed: 'success',
  failed: 'fail',
  // Its failure was passed over, as its policy says.
  ignored: 'fail',
  skipped: 'skip',
};

/** How an instance came to be: the numbers of the contract that happen here. */
export const instanceTypes = { schedule: 0, manual: 2, once: 7 } as const;
export type InstanceType = (typeof instanceTypes)[keyof typeof instanceTypes];

/** What the runs that this API starts remember. */
export interface RunData {
  readonly instanceType: InstanceType;
}

/** How a run stands, in the contract's words. */
export function instanceStatus({ state, errorCount }: Pick<Job, 'state' | 'errorCount'>): string {
  const word = states[state];
  return word === 'running' && errorCount > 0 ? 'running-exception' : word;
}

export const instanceTypeOf = (job: Job): InstanceType => {
  const { instanceType } = job.apiData as Partial<RunData>;
  return (
    instanceType ??
    (job.request.kind === 'run' && job.request.plannedAt !== null
      ? instanceTypes.schedule
      : instanceTypes.manual)
  );
};

/** When a run was to begin, milliseconds. */
export const planTimeOf = (job: Job): number =>
  (job.request.kind === 'run' ? job.request.plannedAt : null) ?? job.createdAt;

/** A run as an instance of its job. @param jobId of the job, where it is still there */
export function instanceView(job: Job, jobId: number | null): Json {
  const { startedAt, finishedAt, request } = job;
  return {
    instanceId: job.seq,
    jobName: request.kind === 'run' ? request.definitionName : job.name,
    ...(jobId === null ? {} : { jobId }),
    jobInstanceName: job.name,
    status: instanceStatus(job),
    planTime: planTimeOf(job),
    submitTime: job.createdAt,
    ...times(startedAt, finishedAt),
    instanceType: instanceTypeOf(job),
    forceSuccess: false,
    ignoreSuccess: false,
    version: request.kind === 'run' ? request.version : 0,
    ...(job.error === null ? {} : { errorMessage: job.error.message }),
  };
}

/** Kinds of nodes in the contract's words; of SQL there are more there, and one here. */
const nodeTypes: Readonly<Record<string, string>> = {
  sql: 'RDSSQL',
  job: 'CDMJob',
  http: 'RESTAPI',
  none: 'Dummy',
};

/** A node of a run. */
export const nodeView = (node: RunNode, planTime: number): Json => ({
  nodeName: node.name,
  nodeType: nodeTypes[node.type] ?? node.type,
  status: nodeStates[node.state],
  planTime,
  ...times(node.startedAt, node.finishedAt),
  retryTimes: Math.max(node.tries - 1, 0),
  ...(node.error === null ? {} : { errorMessage: node.error }),
});

const times = (startedAt: number | null, finishedAt: number | null): Json => ({
  ...(startedAt === null ? {} : { startTime: startedAt }),
  ...(finishedAt === null ? {} : { endTime: finishedAt }),
  ...(startedAt === null || finishedAt === null ? {} : { executeTime: finishedAt - startedAt }),
});
