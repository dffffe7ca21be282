import Type from 'typebox';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { JobParams } from './jobs.ts';
import { Count, listOf } from './schema-parts.ts';

const FileSchema = Type.Object(
  {
    name: Type.String({ description: 'Name below the location of the job.' }),
    bytes: Count('Size in bytes.'),
    href: Type.String({ description: 'Where to fetch it.' }),
  },
  { $id: 'JobFile', description: 'A dump file.' },
);

const hrefOf = (prefix: string, id: string, name: string): string =>
  `${prefix}/jobs/${encodeURIComponent(id)}/files/${name.split('/').map(encodeURIComponent).join('/')}`;

/** A file name as a header takes it (RFC 6266): ASCII, and the exact one beside it. */
function dispositionOf(name: string): string {
  const base = name.split('/').at(-1) as string;
  const ascii = base.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const exact = encodeURIComponent(base).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${exact}`;
}

/** The dump files of an export. */
export function jobFileRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['jobs'];
  return [
    {
      method: 'GET',
      path: '/jobs/:id/files',
      operationId: 'listJobFiles',
      summary: 'List the dump files of an export that exist by now',
      tags,
      access: 'authenticated',
      params: JobParams,
      responses: { 200: { description: 'The files.', schema: listOf(FileSchema, 'By name.') } },
      async handle(request) {
        const id = request.params.id as string;
        const files = await service.jobFiles(callContext(request), id);
        return {
          status: 200,
          body: {
            items: files.map(({ name, bytes }) => ({
              name,
              bytes,
              href: hrefOf(`${request.basePath}${prefix}`, id, name),
            })),
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/jobs/:id/files/*',
      operationId: 'getJobFile',
      summary: 'Fetch a dump file',
      description: 'The rest of the address is the name of the file; names of a folder set hold slashes.',
      tags,
      access: 'authenticated',
      params: Type.Object({
        ...JobParams.properties,
        '*': Type.String({ description: 'Name of the file.' }),
      }),
      responses: {
        200: { description: 'The bytes.', schema: null, mediaType: 'application/octet-stream' },
      },
      async handle(request) {
        const name = request.params['*'] as string;
        const { bytes, stream } = await service.openJobFile(
          callContext(request),
          request.params.id as string,
          name,
        );
        return {
          status: 200,
          headers: { 'content-length': String(bytes), 'content-disposition': dispositionOf(name) },
          stream,
        };
      },
    },
  ];
}
