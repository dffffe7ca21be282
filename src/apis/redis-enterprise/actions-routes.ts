import Type from 'typebox';
import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';
import { jobIdOf } from './action-uid.ts';
import { actionView, isListedInV1, oldActionView } from './actions-view.ts';
import { bdbKey } from './bdb-routes.ts';
import { actionBody, oldActionBody, oldActionsBody } from './bodies.ts';
import { withFirstError, withFirstErrors } from './first-error.ts';
import { callContext, type Operation, type OperationParts } from './operation.ts';

const tags = ['actions'];
const permission = 'view_status_of_cluster_action';
/** Most actions of one answer; the oldest are left out. */
const mostActions = 1000;
const actionKey = Type.Object({ action_uid: Type.String({ description: 'The uid of the action.' }) });

/** GET of actions, in both versions. */
export function actionOperations({ service }: OperationParts): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/v1/actions',
      operationId: 'listActionsV1',
      summary: 'List actions, without exports and imports',
      tags,
      permission,
      responses: { 200: { description: 'The actions.', schema: oldActionsBody } },
      async handle(request) {
        const context = callContext(request);
        const [jobs, uids] = await Promise.all([newestJobs(service, context), uidsOf(service, context)]);
        const actions = jobs.filter(isListedInV1).map((job) => oldActionView(job, uids));
        return { status: 200, body: { actions, 'state-machines': [] } };
      },
    },
    {
      method: 'GET',
      path: '/v1/actions/:action_uid',
      operationId: 'getActionV1',
      summary: 'Show an action that is no export or import',
      tags,
      permission,
      params: actionKey,
      responses: { 200: { description: 'The action.', schema: oldActionBody } },
      async handle(request) {
        const job = await findAction(service, request);
        if (!isListedInV1(job)) throw unknownAction();
        return { status: 200, body: oldActionView(job, await uidsOf(service, callContext(request))) };
      },
    },
    {
      method: 'GET',
      path: '/v1/actions/bdb/:uid',
      operationId: 'listStateMachines',
      summary: 'List the state machines of a database',
      description: 'Nothing here is one: the list is empty.',
      tags,
      permission,
      params: bdbKey,
      responses: { 200: { description: 'The state machines.', schema: Type.Array(oldActionBody) } },
      handle: async () => ({ status: 200, body: [] }),
    },
    {
      method: 'GET',
      path: '/v2/actions',
      operationId: 'listActions',
      summary: 'List actions',
      description: 'Exports and imports too: every job that the caller may see, the newest first.',
      tags,
      permission,
      responses: { 200: { description: 'The actions.', schema: Type.Array(actionBody) } },
      async handle(request) {
        const context = callContext(request);
        const [jobs, uids] = await Promise.all([newestJobs(service, context), uidsOf(service, context)]);
        return { status: 200, body: jobs.map((job) => actionView(job, uids)) };
      },
    },
    {
      method: 'GET',
      path: '/v2/actions/:action_uid',
      operationId: 'getAction',
      summary: 'Show an action',
      tags,
      permission,
      params: actionKey,
      responses: { 200: { description: 'The action.', schema: actionBody } },
      async handle(request) {
        const job = await findAction(service, request);
        return { status: 200, body: actionView(job, await uidsOf(service, callContext(request))) };
      },
    },
  ];
}

const newestJobs = async (service: Service, context: CallContext): Promise<readonly Job[]> =>
  withFirstErrors(service, context, (await service.listJobs(context, { limit: mostActions })).jobs);

/** The numbers of databases by name. */
const uidsOf = async (service: Service, context: CallContext): Promise<ReadonlyMap<string, number>> =>
  new Map((await service.listDatabases(context)).map(({ name, uid }) => [name, uid]));

async function findAction(service: Service, request: ApiRequest): Promise<Job> {
  const id = jobIdOf(request.params.action_uid ?? '');
  const context = callContext(request);
  const job = await service.getJob(context, id).catch((error: unknown) => {
    throw error instanceof AppError && error.code === 'job-unknown' ? unknownAction() : error;
  });
  return withFirstError(service, context, job);
}

const unknownAction = (): AppError =>
  new AppError('job-unknown', { message: 'There is no action of that uid.', hint: '' });
