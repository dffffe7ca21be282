import { AppError } from '../../core/errors.ts';
import type { CallContext, DatabaseView, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import { findBdb } from './find-bdb.ts';
import { hasPermission, managementRole, type Permission } from './permissions.ts';
import { Refusal } from './refusal.ts';

/** What the operations work with. */
export interface OperationParts {
  readonly service: Service;
  /** The `cluster-state-id` of now. */
  readonly stateId: () => Promise<number>;
}

/** One call of the contract. */
export interface Operation
  extends Omit<Route, 'path' | 'handle' | 'admit' | 'access' | 'hidden' | 'atRoot' | 'body' | 'query'> {
  /** With its version, from the root: `/v1/bdbs/:uid`. */
  readonly path: string;
  /** Default `authenticated`. */
  readonly access?: Route['access'];
  /** Null: the contract states none, and any role but `none` will do. */
  readonly permission: Permission | null;
  /** For the description: bodies and queries are read by decoders, which know the words of the contract. */
  readonly body?: Route['body'];
  readonly query?: Route['query'];
  handle(request: ApiRequest): Promise<ApiReply>;
}

/** The versions that the header `x-api-version` may name. */
const knownVersions = ['1', '1.0', '2', '2.0'];
/** Where the version may be left out of the path, as older clients do. */
const unversioned = /^\/v1(?=\/bdbs(?:\/|$))/;

/**
 * The routes of an operation: its own, and the older spelling. Whether the caller may do it, and whether the database is there, is asked
 * before the body is read: 401, 403, 404, and only then 400.
 */
export function routesOf(operation: Operation, parts: OperationParts): readonly Route[] {
  const { permission, handle, body: _body, query: _query, access = 'authenticated', ...common } = operation;
  const route: Route = {
    ...common,
    access,
    atRoot: true,
    async admit(request) {
      checkVersion(request.headers['x-api-version']);
      if (request.caller === null) return;
      const context = callContext(request);
      checkPermission(context, permission);
      if (request.params.uid !== undefined) await findBdb(parts.service, context, request.params.uid);
      await checkStateId(parts, request.headers['cluster-state-id']);
    },
    async handle(request) {
      const answer = await handle(request);
      const stateId = String(await parts.stateId());
      return { ...answer, headers: { 'cluster-state-id': stateId, ...answer.headers } };
    },
  };
  const older = operation.path.replace(unversioned, '');
  return older === operation.path ? [route] : [route, { ...route, path: older, hidden: true }];
}

/** The same routes as the description shows them. */
export const describedRoute = ({ body, query, ...operation }: Operation, route: Route): Route => ({
  ...route,
  responses: operation.responses,
  ...(body === undefined ? {} : { body }),
  ...(query === undefined ? {} : { query }),
});

/** The call context of a request that was authenticated. */
export function callContext(request: Omit<ApiRequest, 'body'>): CallContext {
  if (request.caller === null) {
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }
  return { caller: request.caller, requestId: request.requestId, signal: request.signal };
}

/** The database that the path of a request names. */
export const bdbOf = (service: Service, request: ApiRequest): Promise<DatabaseView> =>
  findBdb(service, callContext(request), request.params.uid ?? '');

function checkPermission({ caller }: CallContext, permission: Permission | null): void {
  const role = managementRole(caller.role);
  if (hasPermission(role, permission)) return;
  throw new AppError('forbidden', {
    message: `The role ${role} of user ${caller.name} does not have the permission ${permission}.`,
    hint: '',
  });
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || knownVersions.includes(version.trim())) return;
  throw new Refusal(
    505,
    'unsupported_version',
    'The header x-api-version names a version other than 1 and 2.',
  );
}

/** A client that has seen another configuration than the present one does not want its change to be made. */
async function checkStateId({ stateId }: OperationParts, given: string | undefined): Promise<void> {
  if (given === undefined) return;
  const now = await stateId();
  if (given.trim() === String(now)) return;
  throw new Refusal(
    409,
    'wrong_cluster_state_id',
    `The header CLUSTER-STATE-ID is not ${now}: the configuration has changed since.`,
  );
}
