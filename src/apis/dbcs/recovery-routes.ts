import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply } from '../api.ts';
import { apiId, deploymentPath } from './address.ts';
import { dateText } from './dates.ts';
import { wordsOf } from './job-words.ts';
import { badRequest, bodyOf } from './members.ts';
import { accepted, type Call, type Operation } from './operation.ts';
import { readRecovery } from './recovery-choice.ts';
import { recoveryParameters } from './recovery-parameters.ts';
import { RecoveryList } from './schemas.ts';

const tags = ['recovery'];
const mostShown = 1000;
/** As lists of backups say it. */
const listWords = { 'In Progress': 'IN PROGRESS', Succeeded: 'COMPLETED', Failed: 'FAILED' } as const;

/** The start of a recovery, and what recoveries there were. */
export function recoveryOperations(service: Service): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: `${deploymentPath}/backups/recovery`,
      operationId: 'startRecovery',
      summary: 'Bring a deployment back to a backup, in place',
      tags,
      responses: { 202: { description: 'Accepted.', schema: null, mediaType: 'application/json' } },
      handle: (call) => startRecovery(service, call),
    },
    {
      method: 'GET',
      path: `${deploymentPath}/backups/recovery/history`,
      operationId: 'listRecoveries',
      summary: 'List the recoveries of a deployment, newest first',
      tags,
      responses: { 200: { description: 'The recoveries.', schema: RecoveryList } },
      handle: (call) => listRecoveries(service, call),
    },
  ];
}

/** The deployment itself is recovered, as the callers of this contract expect; the backup is chosen now, so that its job can say which. */
async function startRecovery(service: Service, call: Call): Promise<ApiReply> {
  const { context, deployment: database } = call;
  const { choice, parameters } = readRecovery(bodyOf(call.body));
  const { id } = await service.chooseBackup(context, database, choice).catch((error: unknown) => {
    // In the word of the request.
    if (!(error instanceof AppError) || error.code !== 'field-invalid' || error.field !== 'position')
      throw error;
    throw badRequest('scn', `scn ${JSON.stringify(parameters.scn)} is no log sequence number. ${error.hint}`);
  });
  const { job } = await service.startRestore(
    context,
    { database, choice: { type: 'id', id }, inPlace: true },
    { api: apiId, apiData: { parameters }, onlyJobOfDatabase: true },
  );
  return accepted(call, 'recovery', job);
}

async function listRecoveries(service: Service, { context, deployment }: Call): Promise<ApiReply> {
  const jobs = await service.databaseJobs(context, {
    database: deployment,
    kinds: ['restore'],
    limit: mostShown,
  });
  const recoveryList = await Promise.all(jobs.map((job) => recoveryItem(service, context, job)));
  return { status: 200, body: { recoveryList } };
}

async function recoveryItem(
  service: Service,
  context: CallContext,
  job: Job,
): Promise<Readonly<Record<string, string>>> {
  const { tag, ...others } = await recoveryParameters(service, context, job);
  const { status } = wordsOf(job);
  return {
    recoveryStartDate: dateText(job.startedAt ?? job.createdAt),
    ...(job.state === 'completed' ? { recoveryCompleteDate: dateText(job.finishedAt ?? job.createdAt) } : {}),
    status: listWords[status],
    // Named so in lists, and `tag` in requests.
    ...(tag === undefined ? others : { dbTag: tag }),
  };
}
