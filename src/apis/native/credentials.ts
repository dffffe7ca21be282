import Type, { type Static } from 'typebox';
import type { CredentialView, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { listOf, NameParams, nullable, Timestamp, timestamp } from './schema-parts.ts';

const Credential = Type.Object(
  {
    name: Type.String({ description: 'Name that locations and jobs refer to.' }),
    type: Type.String({
      description: 'What it opens: s3, obs, azure, gcs, swift, sftp, ftp, http, encryption.',
    }),
    owner: Type.String({ description: 'Name of the user that it belongs to.' }),
    created_at: Timestamp('When it was added.'),
  },
  { $id: 'Credential', description: 'A named secret. What is secret in it is never shown again.' },
);

const NewCredential = Type.Object(
  {
    name: Type.String({ description: 'Name to refer to it by: 1 to 63 letters, digits, _ or -.' }),
    type: Type.String({ description: 'What it opens.', examples: ['s3'] }),
    id: Type.Optional(
      nullable(Type.String({ description: 'Access key id, account or user name, where the type has one.' })),
    ),
    secret: Type.Optional(
      nullable(
        Type.String({ description: 'Secret access key, password, private key, passphrase; sealed at rest.' }),
      ),
    ),
    options: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Options of the type and of its places, such as endpoint and region; sealed at rest.',
        examples: [{ endpoint: 'https://minio.example.net', region: 'eu-west-1' }],
      }),
    ),
    owner: Type.Optional(
      Type.String({
        description: 'User that it shall belong to, for administrators; the caller by default.',
      }),
    ),
  },
  { $id: 'NewCredential', additionalProperties: false },
);

const credentialView = (credential: CredentialView): Static<typeof Credential> => ({
  name: credential.name,
  type: credential.type,
  owner: credential.owner,
  created_at: timestamp(credential.createdAt),
});

/** What storages are entered with and dump sets are encrypted with. */
export function credentialRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['credentials'];
  return [
    {
      method: 'GET',
      path: '/credentials',
      operationId: 'listCredentials',
      summary: "List the caller's credentials; administrators see all",
      tags,
      access: 'authenticated',
      responses: { 200: { description: 'The credentials.', schema: listOf(Credential, 'By name.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listCredentials(callContext(request))).map(credentialView) },
      }),
    },
    {
      method: 'POST',
      path: '/credentials',
      operationId: 'addCredential',
      summary: 'Add a credential',
      tags,
      access: 'authenticated',
      body: NewCredential,
      responses: { 201: { description: 'Added.', schema: Credential } },
      async handle(request) {
        const credential = await service.addCredential(
          callContext(request),
          request.body as Static<typeof NewCredential>,
        );
        return {
          status: 201,
          headers: {
            location: `${request.basePath}${prefix}/credentials/${encodeURIComponent(credential.name)}`,
          },
          body: credentialView(credential),
        };
      },
    },
    {
      method: 'GET',
      path: '/credentials/:name',
      operationId: 'getCredential',
      summary: 'Show a credential',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'The credential.', schema: Credential } },
      handle: async (request) => ({
        status: 200,
        body: credentialView(
          await service.getCredential(callContext(request), request.params.name as string),
        ),
      }),
    },
    {
      method: 'DELETE',
      path: '/credentials/:name',
      operationId: 'removeCredential',
      summary: 'Forget a credential',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 204: { description: 'Forgotten.', schema: null } },
      async handle(request) {
        await service.removeCredential(callContext(request), request.params.name as string);
        return { status: 204 };
      },
    },
  ];
}
