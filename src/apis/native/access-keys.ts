import Type, { type Static } from 'typebox';
import type { AccessKeyView } from '../../service/access-key-service.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { listOf, NameParams, Timestamp, timestamp } from './schema-parts.ts';

const members = {
  id: Type.String({ description: '20 letters and digits: what signed requests name.' }),
  user: Type.String({ description: 'Name of the user that it stands for.' }),
  created_at: Timestamp('When it was made.'),
};
const AccessKey = Type.Object(members, {
  $id: 'AccessKey',
  description: 'A key pair that signs requests for a user.',
});
const NewAccessKey = Type.Object(
  { ...members, secret: Type.String({ description: '40 characters. In this answer alone.' }) },
  { $id: 'NewAccessKey', description: 'An access key with its secret.' },
);

const keyView = ({ id, user, createdAt }: AccessKeyView): Static<typeof AccessKey> => ({
  id,
  user,
  created_at: timestamp(createdAt),
});

/** The access keys of users. */
export function accessKeyRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['users'];
  return [
    {
      method: 'GET',
      path: '/users/:name/access-keys',
      operationId: 'listAccessKeys',
      summary: 'List the access keys of a user',
      description: "One's own need no permission.",
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'The keys.', schema: listOf(AccessKey, 'Oldest first.') } },
      async handle(request) {
        const keys = await service.listAccessKeys(callContext(request), request.params.name as string);
        return { status: 200, body: { items: keys.map(keyView) } };
      },
    },
    {
      method: 'POST',
      path: '/users/:name/access-keys',
      operationId: 'addAccessKey',
      summary: 'Make an access key for a user',
      description: "One's own need no permission. The secret is in this answer alone.",
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 201: { description: 'Made.', schema: NewAccessKey } },
      async handle(request) {
        const key = await service.addAccessKey(callContext(request), request.params.name as string);
        return {
          status: 201,
          headers: { location: `${request.basePath}${prefix}/access-keys/${key.id}` },
          body: { ...keyView(key), secret: key.secret },
        };
      },
    },
    {
      method: 'DELETE',
      path: '/access-keys/:id',
      operationId: 'removeAccessKey',
      summary: 'Remove an access key; what it signs is refused from then on',
      tags,
      access: 'authenticated',
      params: Type.Object({ id: Type.String({ description: 'The id.' }) }),
      responses: { 204: { description: 'Removed.', schema: null } },
      async handle(request) {
        await service.removeAccessKey(callContext(request), request.params.id as string);
        return { status: 204 };
      },
    },
  ];
}
