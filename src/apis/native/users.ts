import Type, { type Static } from 'typebox';
import { roles } from '../../core/permission.ts';
import type { Service, UserView } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { listOf, NameParams, Timestamp, timestamp, words } from './schema-parts.ts';

const User = Type.Object(
  {
    name: Type.String({ description: 'Name to sign in with.' }),
    role: words(roles, 'What the user may do.'),
    databases: Type.Array(Type.String(), {
      description: 'Names of the databases granted to a developer; `*` for all of them.',
    }),
    created_at: Timestamp('When the user was added.'),
  },
  { $id: 'User', description: 'Somebody who may call the service.' },
);

const NewUser = Type.Object(
  {
    name: Type.String({ description: 'Name to sign in with.' }),
    role: Type.String({
      description: `${roles.join(', ')}, or the ORDS words SQL Administrator and SQL Developer.`,
    }),
    password: Type.String({ description: 'Kept as a hash only.' }),
    databases: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Names of the databases granted to a developer; left out: all of them (`*`).',
      }),
    ),
  },
  { $id: 'NewUser', additionalProperties: false },
);

const userView = (user: UserView): Static<typeof User> => ({
  name: user.name,
  role: user.role,
  databases: [...user.databases],
  created_at: timestamp(user.createdAt),
});

/** The users of the service. */
export function userRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['users'];
  return [
    {
      method: 'GET',
      path: '/users',
      operationId: 'listUsers',
      summary: 'List the users',
      tags,
      access: 'authenticated',
      responses: { 200: { description: 'The users.', schema: listOf(User, 'By name.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listUsers(callContext(request))).map(userView) },
      }),
    },
    {
      method: 'POST',
      path: '/users',
      operationId: 'addUser',
      summary: 'Add a user',
      tags,
      access: 'authenticated',
      body: NewUser,
      responses: { 201: { description: 'Added.', schema: User } },
      async handle(request) {
        const user = await service.addUser(callContext(request), request.body as Static<typeof NewUser>);
        return {
          status: 201,
          headers: { location: `${request.basePath}${prefix}/users/${encodeURIComponent(user.name)}` },
          body: userView(user),
        };
      },
    },
    {
      method: 'GET',
      path: '/users/:name',
      operationId: 'getUser',
      summary: 'Show a user',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'The user.', schema: User } },
      handle: async (request) => ({
        status: 200,
        body: userView(await service.getUser(callContext(request), request.params.name as string)),
      }),
    },
    {
      method: 'DELETE',
      path: '/users/:name',
      operationId: 'removeUser',
      summary: 'Remove a user and the credentials that belong to him; the jobs stay',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 204: { description: 'Removed.', schema: null } },
      async handle(request) {
        await service.removeUser(callContext(request), request.params.name as string);
        return { status: 204 };
      },
    },
  ];
}
