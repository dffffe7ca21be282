import type { Job } from '../../core/job.ts';
import type { ApiReply } from '../api.ts';
import { findRun, runsOf } from './find-run.ts';
import {
  instanceStatus,
  instanceTypeOf,
  instanceView,
  nodeView,
  planTimeOf,
  type RunData,
} from './instance-view.ts';
import { optionalBody, wordOf } from './members.ts';
import { apiId, type Call, noContent, type Operation, type OperationParts } from './operation.ts';
import { numberIn, pageOf, pick, textIn } from './paging.ts';
import { badRequest, codes, Refusal } from './refusal.ts';
import { instanceBody, instanceKey, instanceListBody, instanceListQuery, restartBody } from './schemas.ts';

const tags = ['instances'];
const mostInstances = 1000;
const longestSpanMs = 3 * 24 * 60 * 60 * 1000;
const retryLocations = ['error_node', 'first_node', 'specified_node'] as const;

/** Runs of jobs. */
export function instanceOperations(parts: OperationParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'GET',
      path: '/jobs/instances/detail',
      operationId: 'listInstances',
      summary: 'List runs',
      tags,
      subject: 'job',
      query: instanceListQuery,
      responses: { 200: { description: 'A part of the runs, newest first.', schema: instanceListBody } },
      handle: (call) => list(parts, call),
    },
    {
      method: 'GET',
      path: '/jobs/:job_name/instances/:instance_id',
      operationId: 'getInstance',
      summary: 'Read a run and how its nodes stand',
      tags,
      subject: 'job',
      params: instanceKey,
      responses: { 200: { description: 'The run.', schema: instanceBody } },
      async handle(call) {
        const { jobId, run } = await instanceOf(parts, call);
        const nodes = (await service.runNodes(call.context, run.id)).map((node) =>
          nodeView(node, planTimeOf(run)),
        );
        return { status: 200, body: { ...instanceView(run, jobId), total: nodes.length, nodes } };
      },
    },
    {
      method: 'POST',
      path: '/jobs/:job_name/instances/:instance_id/stop',
      operationId: 'stopInstance',
      summary: 'Stop a run',
      tags,
      subject: 'job',
      params: instanceKey,
      responses: { 204: { description: 'It stops.', schema: null } },
      async handle(call) {
        const { run } = await instanceOf(parts, call);
        await service.stopJob(call.context, run.id);
        return noContent;
      },
    },
    {
      method: 'POST',
      path: '/jobs/:job_name/instances/:instance_id/restart',
      operationId: 'restartInstance',
      summary: 'Run again what failed, or all',
      description:
        'error_node: the same run goes on where it failed or was stopped. first_node: another run of the same version, with the same parameters. specified_node is refused.',
      tags,
      subject: 'job',
      params: instanceKey,
      body: restartBody,
      responses: { 204: { description: 'It runs.', schema: null } },
      async handle(call) {
        await restart(parts, call);
        return noContent;
      },
    },
  ];
}

/** The run that a path names, and the number of its job. */
async function instanceOf(
  { service }: OperationParts,
  call: Call,
): Promise<{ readonly jobId: number; readonly run: Job }> {
  const { job_name: name = '', instance_id: instanceId = '' } = call.request.params;
  const { id } = await service.getItem(call.context, call.workspace, 'definition', name);
  const run = await findRun(service, call, name, instanceId);
  if (run === null) throw new Refusal(codes.instanceMissing, 'The job instance does not exist.');
  return { jobId: id, run };
}

async function restart(parts: OperationParts, call: Call): Promise<void> {
  const { service } = parts;
  const { context, workspace, request } = call;
  const from = wordOf(optionalBody(request.body), 'retry_location', retryLocations, 'error_node');
  const { run } = await instanceOf(parts, call);
  if (from === 'specified_node') {
    throw badRequest('retry_location specified_node is not possible here: use error_node or first_node.');
  }
  if (from === 'error_node') {
    await service.resumeJob(context, run.id);
    return;
  }
  if (run.request.kind !== 'run') return;
  const { definitionName, version, params, plannedAt } = run.request;
  const data: RunData = { instanceType: instanceTypeOf(run) };
  await service.startRun(
    context,
    { workspace, definition: definitionName, version, params, ...(plannedAt === null ? {} : { plannedAt }) },
    { api: apiId, apiData: { ...data } },
  );
}

async function list({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const { query } = request;
  const wanted = filterOf(call);
  const jobIds = new Map(
    (await service.listItems(context, workspace, 'definition')).map(({ name, id }) => [name, id]),
  );
  const exact = textIn(query, 'preciseQuery') === 'true' ? textIn(query, 'jobName') : null;
  const least = numberIn(query, 'minPlanTime') ?? 0;
  const found: Job[] = [];
  for await (const run of runsOf(service, call, exact)) {
    // They come newest first, and none is made before the time that it is planned for.
    if (run.createdAt < least) break;
    if (wanted(run)) found.push(run);
  }
  const instances = pick(found, pageOf(query, mostInstances)).map((run) =>
    instanceView(run, run.request.kind === 'run' ? (jobIds.get(run.request.definitionName) ?? null) : null),
  );
  return { status: 200, body: { total: found.length, instances } };
}

function filterOf({ request: { query } }: Call): (run: Job) => boolean {
  const name = textIn(query, 'jobName');
  const isPrecise = textIn(query, 'preciseQuery') === 'true';
  const status = textIn(query, 'status');
  const type = numberIn(query, 'instanceType');
  const [least, most] = [numberIn(query, 'minPlanTime'), numberIn(query, 'maxPlanTime')];
  if (least !== null && most !== null && (most < least || most - least > longestSpanMs)) {
    throw badRequest('maxPlanTime must be after minPlanTime, by 3 days at most.');
  }
  return (run) => {
    if (run.request.kind !== 'run') return false;
    const { definitionName } = run.request;
    // Scripts that run by themselves are no instances of jobs.
    if (definitionName.includes(':')) return false;
    if (name !== null && (isPrecise ? definitionName !== name : !definitionName.includes(name))) return false;
    if (status !== null && instanceStatus(run) !== status) return false;
    if (type !== null && instanceTypeOf(run) !== type) return false;
    const plan = planTimeOf(run);
    return (least === null || plan >= least) && (most === null || plan <= most);
  };
}
