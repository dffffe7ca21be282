import Type, { type Static } from 'typebox';
import type { DirectoryView, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { listOf, NameParams, nullable, Timestamp, timestamp } from './schema-parts.ts';

const Directory = Type.Object(
  {
    name: Type.String({ description: 'Name that jobs refer to.' }),
    url: Type.String({ description: 'Where it is.' }),
    credential: nullable(Type.String({ description: 'Name of the credential that it is entered with.' })),
    read_only: Type.Boolean({ description: 'Exports and copies to it are refused.' }),
    shared: Type.Boolean({
      description: 'A folder that every instance of a shared store sees under this path.',
    }),
    created_at: Timestamp('When it was created.'),
  },
  { $id: 'Directory', description: 'A named place for dump files.' },
);

const NewDirectory = Type.Object(
  {
    name: Type.String({ description: 'Name to refer to it by: 1 to 63 letters, digits, _ or -.' }),
    path: Type.String({
      description:
        'Absolute path of a folder on the machine of the service, or a storage URL (`s3://bucket/prefix`).',
    }),
    credential: Type.Optional(
      nullable(Type.String({ description: 'Name of the credential that the storage URL is entered with.' })),
    ),
    read_only: Type.Optional(
      Type.Boolean({
        description: 'Whether it is for reading only: it is tried by looking, and no job writes to it.',
      }),
    ),
    shared: Type.Optional(
      Type.Boolean({
        description:
          'Of a folder: every instance mounts it under this path. Where several instances share a store, jobs use no other folders.',
      }),
    ),
  },
  { $id: 'NewDirectory', additionalProperties: false },
);

const directoryView = (directory: DirectoryView): Static<typeof Directory> => ({
  name: directory.name,
  url: directory.url,
  credential: directory.credential,
  read_only: directory.readOnly,
  shared: directory.shared,
  created_at: timestamp(directory.createdAt),
});

/** Named places for dump files. */
export function directoryRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['directories'];
  return [
    {
      method: 'GET',
      path: '/directories',
      operationId: 'listDirectories',
      summary: 'List the directories',
      tags,
      access: 'authenticated',
      responses: { 200: { description: 'The directories.', schema: listOf(Directory, 'By name.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listDirectories(callContext(request))).map(directoryView) },
      }),
    },
    {
      method: 'POST',
      path: '/directories',
      operationId: 'addDirectory',
      summary: 'Create a directory',
      tags,
      access: 'authenticated',
      body: NewDirectory,
      responses: { 201: { description: 'Created.', schema: Directory } },
      async handle(request) {
        const {
          read_only: readOnly = false,
          shared = false,
          ...body
        } = request.body as Static<typeof NewDirectory>;
        const directory = await service.addDirectory(callContext(request), { ...body, readOnly, shared });
        return {
          status: 201,
          headers: {
            location: `${request.basePath}${prefix}/directories/${encodeURIComponent(directory.name)}`,
          },
          body: directoryView(directory),
        };
      },
    },
    {
      method: 'GET',
      path: '/directories/:name',
      operationId: 'getDirectory',
      summary: 'Show a directory',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 200: { description: 'The directory.', schema: Directory } },
      handle: async (request) => ({
        status: 200,
        body: directoryView(await service.getDirectory(callContext(request), request.params.name as string)),
      }),
    },
    {
      method: 'DELETE',
      path: '/directories/:name',
      operationId: 'removeDirectory',
      summary: 'Forget a directory; its files stay',
      tags,
      access: 'authenticated',
      params: NameParams,
      responses: { 204: { description: 'Forgotten.', schema: null } },
      async handle(request) {
        await service.removeDirectory(callContext(request), request.params.name as string);
        return { status: 204 };
      },
    },
  ];
}
