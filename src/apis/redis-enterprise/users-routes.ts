import Type from 'typebox';
import { AppError } from '../../core/errors.ts';
import type { CallContext } from '../../service/service.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import { authorizeBody, permissionsBody, refreshBody, tokenBody } from './bodies.ts';
import { type Body, kindOf, objectAt, refuseUnknown, requiredText } from './members.ts';
import { callContext, type Operation, type OperationParts } from './operation.ts';
import { type ManagementRole, managementRoles, permissionsOf } from './permissions.ts';
import { badRequest } from './refusal.ts';
import { apiId } from './settings.ts';

/** Seconds that a token is good for. */
const defaultTtl = 300;
const longestTtl = 86_400;
const tags = ['users'];

/** Tokens, and what roles may do. */
export function userOperations(parts: OperationParts): readonly Operation[] {
  const permissions = (roles: readonly ManagementRole[]): ApiReply => ({
    status: 200,
    body: Object.fromEntries(
      roles.map((role) => [role, { api_permissions: permissionsOf(role), ui_permissions: [] }]),
    ),
  });
  return [
    {
      method: 'POST',
      path: '/v1/users/authorize',
      operationId: 'authorize',
      summary: 'Get a token for a name and password',
      description: 'By Basic credentials, or by username and password in the body.',
      tags,
      access: 'optional',
      permission: null,
      body: authorizeBody,
      responses: { 200: { description: 'The token.', schema: tokenBody } },
      handle: (request) => authorize(parts, request),
    },
    {
      method: 'POST',
      path: '/v1/users/refresh_jwt',
      operationId: 'refreshToken',
      summary: 'Get a new token for one that still holds',
      tags,
      permission: null,
      body: refreshBody,
      responses: { 200: { description: 'The new token.', schema: tokenBody } },
      async handle(request) {
        // A name and password get a token elsewhere.
        if (!/^(?:jwt|bearer)\s/i.test(request.headers.authorization ?? '')) throw unauthenticated();
        return token(parts, callContext(request), bodyOf(request, ['ttl']));
      },
    },
    {
      method: 'GET',
      path: '/v1/users/permissions',
      operationId: 'listPermissions',
      summary: 'What each role may do',
      tags,
      permission: null,
      responses: { 200: { description: 'Permissions by role.', schema: permissionsBody } },
      handle: async () => permissions(managementRoles),
    },
    {
      method: 'GET',
      path: '/v1/users/permissions/:role',
      operationId: 'getPermissions',
      summary: 'What one role may do',
      tags,
      permission: null,
      params: Type.Object({ role: Type.String({ description: 'A management role.' }) }),
      responses: { 200: { description: 'Permissions of the role.', schema: permissionsBody } },
      async handle(request) {
        const role = managementRoles.find((each) => each === request.params.role);
        if (role !== undefined) return permissions([role]);
        throw new AppError('route-unknown', {
          message: 'There is no role of that name.',
          hint: `Roles are ${managementRoles.join(', ')}.`,
        });
      },
    },
  ];
}

async function authorize(parts: OperationParts, request: ApiRequest): Promise<ApiReply> {
  const body = bodyOf(request, ['ttl', 'username', 'password']);
  if (request.caller !== null) {
    if (body.username !== undefined && body.username !== request.caller.name) {
      throw badRequest(
        'username names another user than the credentials of the request: give one of the two.',
      );
    }
    return token(parts, callContext(request), body);
  }
  if (body.username === undefined && body.password === undefined) throw unauthenticated();
  const caller = await parts.service.authenticateUser(
    requiredText(body, 'username', 'The request body'),
    requiredText(body, 'password', 'The request body'),
  );
  return token(parts, { caller, requestId: request.requestId, signal: request.signal }, body);
}

async function token({ service }: OperationParts, context: CallContext, body: Body): Promise<ApiReply> {
  const ttlSeconds = ttlOf(body.ttl);
  return {
    status: 200,
    body: { access_token: await service.issueToken(context, { api: apiId, ttlSeconds }) },
  };
}

const bodyOf = (request: ApiRequest, known: readonly string[]): Body => {
  const body = request.body === undefined ? {} : objectAt(request.body, 'The request body');
  refuseUnknown(body, known, 'The request body');
  return body;
};

function ttlOf(value: unknown): number {
  if (value === undefined || value === null) return defaultTtl;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= longestTtl) return value;
  const given = typeof value === 'number' ? String(value) : kindOf(value);
  throw badRequest(`ttl must be a whole number of seconds from 1 to ${longestTtl}, not ${given}.`);
}

const unauthenticated = (): AppError =>
  new AppError('unauthenticated', { message: 'The request carries no credentials that serve here.' });
