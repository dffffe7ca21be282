import { AppError } from '../../../core/errors.ts';
import type { Caller } from '../../../core/permission.ts';
import type { ApiReply, ApiRequest, Route } from '../../api.ts';
import { type Body, isObject, objectAt, optionalBody, textOf } from '../members.ts';
import { apiId, type OperationParts } from '../operation.ts';
import { badRequest } from '../refusal.ts';
import { tokenBody, tokenRequestBody } from '../schemas.ts';

/** A token is good for 24 hours. */
const lifeSeconds = 24 * 60 * 60;
const method = 'password';

/** A token for a name and password, as the identity service of the original gives it: in the header X-Subject-Token. */
export function tokenRoute(parts: OperationParts): Route {
  return {
    method: 'POST',
    path: '/v3/auth/tokens',
    atRoot: true,
    operationId: 'createToken',
    summary: 'Get a token for a name and password',
    description: 'It comes in the header X-Subject-Token, is good for 24 hours and goes into X-Auth-Token.',
    tags: ['sign-in'],
    access: 'public',
    responses: { 201: { description: 'What the token is for.', schema: tokenBody } },
    handle: (request) => createToken(parts, request),
  };
}

/** The body of the route, for the description. */
export const describedTokenRoute = (parts: OperationParts): Route => ({
  ...tokenRoute(parts),
  body: tokenRequestBody,
});

async function createToken(parts: OperationParts, request: ApiRequest): Promise<ApiReply> {
  const { service, clock } = parts;
  const auth = objectAt(optionalBody(request.body).auth, 'auth');
  const { name, password } = passwordOf(auth);
  const project = projectOf(auth, parts.projectId);
  const caller = await service.authenticateUser(name, password);
  const issuedAt = clock.now();
  const context = { caller, requestId: request.requestId, signal: request.signal };
  const token = await service.issueToken(context, { api: apiId, ttlSeconds: lifeSeconds });
  return {
    status: 201,
    headers: { 'X-Subject-Token': token },
    body: { token: tokenView(caller, project, issuedAt) },
  };
}

function passwordOf(auth: Body): { readonly name: string; readonly password: string } {
  const identity = objectAt(auth.identity, 'auth.identity');
  const { methods } = identity;
  if (!Array.isArray(methods) || methods.length !== 1 || methods[0] !== method) {
    throw badRequest(`auth.identity.methods must be ["${method}"].`);
  }
  const user = objectAt(
    objectAt(identity.password, 'auth.identity.password').user,
    'auth.identity.password.user',
  );
  const [name, password] = [textOf(user, 'name'), textOf(user, 'password')];
  if (name !== null && password !== null) return { name, password };
  throw badRequest('auth.identity.password.user must have name and password.');
}

/** What the token's scope says of its project. Throws `forbidden` for a token of a domain, and for another project. */
function projectOf(auth: Body, own: string | null): Body {
  const scope = isObject(auth.scope) ? auth.scope : {};
  const { project, domain } = scope;
  if (!isObject(project) || domain !== undefined) {
    throw new AppError('forbidden', {
      message: 'The scope of the token must be a project.',
      hint: 'Give auth.scope.project with id or name.',
    });
  }
  const [id, name] = [textOf(project, 'id'), textOf(project, 'name')];
  if (id === null && name === null) throw badRequest('auth.scope.project must have id or name.');
  if (id !== null && own !== null && id !== own) {
    throw new AppError('forbidden', { message: `The project ${id} is not that of this service.`, hint: '' });
  }
  return { ...((id ?? own) === null ? {} : { id: id ?? own }), ...(name === null ? {} : { name }) };
}

const tokenView = (caller: Caller, project: Body, issuedAt: number) => ({
  methods: [method],
  issued_at: timeText(issuedAt),
  expires_at: timeText(issuedAt + lifeSeconds * 1000),
  user: { name: caller.name, id: caller.name },
  project,
  roles: [{ name: caller.role, id: caller.role }],
  catalog: [],
});

/** `2026-02-14T09:30:07.000000Z` */
const timeText = (time: number): string => new Date(time).toISOString().replace('Z', '000Z');
