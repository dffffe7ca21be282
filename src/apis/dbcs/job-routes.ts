import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply } from '../api.ts';
import { deploymentUrl, domainPath } from './address.ts';
import { activityDate, dateText } from './dates.ts';
import { jobWordOf, reasonOf, wordsOf } from './job-words.ts';
import type { Call, Operation } from './operation.ts';
import { recoveredBackup, recoveryParameters } from './recovery-parameters.ts';
import { Activity, JobStatus } from './schemas.ts';

const tags = ['jobs'];
const mostMessages = 1000;

/** How jobs go: the status that `Location` leads to, and the activity that the command-line tool reads. */
export function jobOperations(service: Service): readonly Operation[] {
  return [
    {
      method: 'GET',
      // Whatever word stands for the kind: the number says which job it is.
      path: `${domainPath}/status/:requestName/job/:jobId`,
      operationId: 'getJob',
      summary: 'Show a job',
      tags,
      responses: { 200: { description: 'The job.', schema: JobStatus } },
      async handle(call) {
        const job = await findJob(service, call);
        return { status: 200, body: await statusOf(service, call, job) };
      },
    },
    {
      method: 'GET',
      path: '/api/v1.1/activitylog/:identityDomainId/job/:jobId',
      operationId: 'getActivity',
      summary: 'Show the activity of a job',
      tags,
      responses: { 200: { description: 'The activity.', schema: Activity } },
      handle: (call) => showActivity(service, call),
    },
  ];
}

/** Backups and recoveries alone have addresses here, whichever API took them. */
async function findJob(service: Service, { context, params }: Call): Promise<Job> {
  const { jobId = '' } = params;
  const number = /^[1-9]\d{0,14}$/.test(jobId) ? Number(jobId) : null;
  const job = number === null ? null : await service.getJobBySeq(context, number);
  if (job !== null && (job.kind === 'backup' || job.kind === 'restore')) return job;
  throw new AppError('job-unknown', {
    message: `There is no job ${JSON.stringify(jobId)}.`,
    hint: '',
  });
}

async function statusOf(
  service: Service,
  { context, domain, base }: Call,
  job: Job,
): Promise<Readonly<Record<string, unknown>>> {
  const { status } = wordsOf(job);
  const { createdAt, startedAt, finishedAt, request } = job;
  const parameters =
    request.kind === 'backup'
      ? { keepForever: String(request.keepForever) }
      : await recoveryParameters(service, context, job);
  return {
    service_name: job.database,
    identity_domain: domain,
    created_by: job.owner,
    creation_time: dateText(createdAt),
    last_modified_time: dateText(finishedAt ?? startedAt ?? createdAt),
    ...(startedAt === null ? {} : { job_start_date: dateText(startedAt) }),
    status,
    job_status: status,
    job_operation: jobWordOf(job),
    job_request_parameters: parameters,
    message: sentences(await chosenBackup(service, context, job), reasonOf(job)),
    'service-uri': deploymentUrl(base, domain, job.database),
  };
}

async function showActivity(service: Service, { context, domain, params, ...call }: Call): Promise<ApiReply> {
  const job = await findJob(service, { context, domain, params, ...call });
  const { seq, createdAt, startedAt, finishedAt, database } = job;
  const word = jobWordOf(job);
  const log = await service.jobLog(context, job.id, 0, mostMessages);
  const reason = sentences(await chosenBackup(service, context, job), reasonOf(job));
  const ending =
    finishedAt === null ? [] : [{ at: finishedAt, message: endingOf(job, word === 'backup', reason) }];
  return {
    status: 200,
    body: {
      activityLogId: String(seq),
      serviceName: database,
      serviceType: 'dbaas',
      identityDomain: domain,
      serviceId: database,
      jobId: seq,
      startDate: activityDate(startedAt ?? createdAt),
      ...(finishedAt === null ? {} : { endDate: activityDate(finishedAt) }),
      status: wordsOf(job).activity,
      operationId: seq,
      operationType: word === 'backup' ? 'BACKUP' : 'RECOVERY',
      summaryMessage: `${word} of ${database}`,
      authDomain: domain,
      authUser: job.owner,
      initiatedBy: 'USER',
      messages: [...log, ...ending].map(({ at, message }) => ({ activityDate: activityDate(at), message })),
    },
  };
}

function endingOf(job: Job, isBackup: boolean, reason: string): string {
  if (job.state === 'completed')
    return isBackup ? 'Backup complete.' : sentences('Recovery complete.', reason);
  return sentences(isBackup ? 'Backup failed.' : 'Recovery failed.', reason);
}

/** Which backup a recovery brings back: a moment or a position names one that is older. */
async function chosenBackup(service: Service, context: CallContext, job: Job): Promise<string> {
  const backup = await recoveredBackup(service, context, job);
  if (backup === null || backup.completedAt === null) return '';
  return `From the backup ${backup.tag}, completed ${dateText(backup.completedAt)}.`;
}

const sentences = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
