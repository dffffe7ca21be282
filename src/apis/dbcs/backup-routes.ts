import { AppError } from '../../core/errors.ts';
import { unfinishedStates } from '../../core/job.ts';
import type { Service } from '../../service/service.ts';
import type { ApiReply } from '../api.ts';
import { apiId, deploymentPath } from './address.ts';
import { backupList } from './backup-list.ts';
import { bodyOf, flagOf } from './members.ts';
import { accepted, type Call, type Operation } from './operation.ts';
import { BackupList } from './schemas.ts';

const tags = ['backups'];
/** The contract knows no pages: more than anybody keeps. */
const mostShown = 1000;

/** The start of a backup, and the list of them. */
export function backupOperations(service: Service): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: `${deploymentPath}/backups`,
      operationId: 'startBackup',
      summary: 'Back up a deployment',
      tags,
      responses: { 202: { description: 'Accepted.', schema: null, mediaType: 'application/json' } },
      handle: (call) => startBackup(service, call),
    },
    {
      method: 'GET',
      path: `${deploymentPath}/backups`,
      operationId: 'listBackups',
      summary: 'List the backups of a deployment, newest first',
      tags,
      responses: { 200: { description: 'The backups.', schema: BackupList } },
      handle: (call) => listBackups(service, call),
    },
    {
      // The contract has no look at one backup (404), and nothing else is done to one (405).
      method: 'GET',
      path: `${deploymentPath}/backups/:tag`,
      operationId: 'getBackup',
      summary: 'Not in the contract',
      tags,
      hidden: true,
      responses: {},
      async handle({ params }) {
        const isWord = params.tag === 'recovery';
        throw isWord
          ? new AppError('method-not-allowed', { message: 'GET is not possible here.', hint: '' })
          : new AppError('route-unknown', { message: 'A single backup has no address.', hint: '' });
      },
    },
  ];
}

async function startBackup(service: Service, call: Call): Promise<ApiReply> {
  const { context, deployment: database } = call;
  const keepForever = flagOf(bodyOf(call.body), 'keepForever');
  const { job } = await service.startBackup(
    context,
    { database, keepForever },
    { api: apiId, onlyJobOfDatabase: true },
  );
  return accepted(call, 'backup', job);
}

async function listBackups(service: Service, { context, deployment }: Call): Promise<ApiReply> {
  const asked = { database: deployment, limit: mostShown };
  // Jobs first: one that ends in between is in the catalogue by then.
  const jobs = await service.databaseJobs(context, {
    ...asked,
    kinds: ['backup'],
    states: [...unfinishedStates, 'stopped'],
  });
  const backups = await service.listBackups(context, asked);
  return { status: 200, body: { backupList: backupList(backups, jobs) } };
}
