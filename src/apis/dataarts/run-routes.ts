import type { DefinitionVersion, WorkspaceItem } from '../../core/definition.ts';
import type { Job } from '../../core/job.ts';
import type { ApiReply } from '../api.ts';
import { type InstanceType, instanceTypes, type RunData } from './instance-view.ts';
import { jobText } from './item-text.ts';
import { type Body, objectsOf, optionalBody, parameterText, textOf } from './members.ts';
import { apiId, type Call, noContent, type Operation, type OperationParts } from './operation.ts';
import { badRequest, codes, Refusal } from './refusal.ts';
import { jobKey, runImmediateBody, runStartedBody, startBody } from './schemas.ts';
import { processTypeOf, scheduleObstacle, scheduleType } from './translate/job-from-json.ts';

const tags = ['jobs'];
/** Days begin that long before those of UTC, at most. */
const easternmostMs = 14 * 60 * 60 * 1000;

/** Start, stop, and a run at once. */
export function runOperations(parts: OperationParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'POST',
      path: '/jobs/:job_name/start',
      operationId: 'startJob',
      summary: 'Start a job',
      description:
        'Its schedule begins, by its last version; a job without a schedule runs once. A draft that is newer is submitted first, unless its targetStatus is SAVED and there is a version.',
      tags,
      subject: 'job',
      params: jobKey,
      body: startBody,
      responses: { 204: { description: 'It is started.', schema: null } },
      handle: (call) => start(parts, call),
    },
    {
      method: 'POST',
      path: '/jobs/:job_name/stop',
      operationId: 'stopJob',
      summary: 'Stop the schedule of a job',
      tags,
      subject: 'job',
      params: jobKey,
      responses: { 204: { description: 'It is off; what runs goes on.', schema: null } },
      async handle({ context, workspace, request }) {
        const name = request.params.job_name ?? '';
        await service.getItem(context, workspace, 'definition', name);
        await service.stopSchedule(context, workspace, name);
        return noContent;
      },
    },
    {
      method: 'POST',
      path: '/jobs/:job_name/run-immediate',
      operationId: 'runJob',
      summary: 'Run a job once, now',
      tags,
      subject: 'job',
      params: jobKey,
      body: runImmediateBody,
      responses: { 200: { description: 'The number of the run.', schema: runStartedBody } },
      async handle(call) {
        const { item, version } = await runnable(parts, call, codes.batchOnly);
        const job = await run(parts, call, item.name, version.version, instanceTypes.manual);
        return { status: 200, body: { instanceId: job.seq } };
      },
    },
  ];
}

interface Runnable {
  readonly item: WorkspaceItem<'definition'>;
  readonly version: RunVersion;
  readonly body: Body;
}

/** Version 0: the draft. */
type RunVersion = Pick<DefinitionVersion, 'version' | 'content' | 'document'>;

/**
 * What runs: the last submitted version, or the draft where there is none, or where it was saved by this API after that and does not say
 * that it is to stay one. The contract has no call that submits: whoever changes a job and starts it means what he changed.
 */
async function versionToRun(
  service: OperationParts['service'],
  { context, workspace }: Call,
  item: WorkspaceItem<'definition'>,
): Promise<RunVersion> {
  const { name, content, document } = item;
  const draft: RunVersion = { version: 0, content, document };
  if (item.version === 0) return draft;
  const last = await service.getVersion(context, workspace, name);
  if (document?.api !== apiId || document.text === last.document?.text) return last;
  return (JSON.parse(document.text) as Body).targetStatus === 'SAVED' ? last : draft;
}

/** Throws for jobs that cannot run whatever their nodes are. `realTime`: the code for those that never end. */
async function runnable(
  { service }: OperationParts,
  call: Call,
  realTime: typeof codes.batchOnly | typeof codes.requestInvalid,
): Promise<Runnable> {
  const { context, workspace, request } = call;
  const name = request.params.job_name ?? '';
  const item = await service.getItem(context, workspace, 'definition', name);
  const version = await versionToRun(service, call, item);
  const body = JSON.parse(jobText(item, version)) as Body;
  if (processTypeOf(body) !== 'BATCH') throw new Refusal(realTime, 'Only batch jobs can be run here.');
  if (version.content.nodes.length === 0)
    throw new Refusal(codes.nodesEmpty, 'The node list of the job is empty.');
  return { item, version, body };
}

async function start(parts: OperationParts, call: Call): Promise<ApiReply> {
  const { service } = parts;
  const { context, workspace, request } = call;
  const { item, version, body } = await runnable(parts, call, codes.requestInvalid);
  const obstacle = scheduleObstacle(body.schedule);
  if (obstacle !== null) throw new Refusal(codes.scheduleInvalid, obstacle);
  refuseLaterStart(optionalBody(request.body), parts.clock.now());
  if (version.version === 0) await service.submitDefinition(context, workspace, item.name);
  if (scheduleType(body.schedule) === 'CRON') {
    await service.startSchedule(context, workspace, item.name, paramsOf(request.body));
  } else {
    await run(parts, call, item.name, undefined, instanceTypes.once);
  }
  return noContent;
}

async function run(
  { service }: OperationParts,
  { context, workspace, request }: Call,
  definition: string,
  version: number | undefined,
  instanceType: InstanceType,
): Promise<Job> {
  const key = request.headers['idempotency-key'];
  const data: RunData = { instanceType };
  const { job } = await service.startRun(
    context,
    { workspace, definition, params: paramsOf(request.body), ...(version === undefined ? {} : { version }) },
    { api: apiId, apiData: { ...data }, ...(key === undefined ? {} : { idempotencyKey: key }) },
  );
  return job;
}

function paramsOf(body: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    objectsOf(optionalBody(body), 'jobParams').map((param) => [
      textOf(param, 'name') ?? '',
      parameterText(param.value, 'jobParams.value'),
    ]),
  );
}

/** A schedule begins when its rule says; a day that is still to come would be passed over in silence. */
function refuseLaterStart(body: Body, now: number): void {
  const { start_date: given } = body;
  if (given === undefined || given === null) return;
  const match = /^(\d{4})(\d\d)(\d\d)$/.exec(String(given));
  if (match === null) throw badRequest('start_date must be a number such as 20260214.');
  const [, year, month, day] = match;
  if (Date.parse(`${year}-${month}-${day}T00:00:00Z`) - easternmostMs <= now) return;
  throw badRequest('start_date is still to come: put it into schedule.cron.startTime.');
}
