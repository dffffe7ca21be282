import Type, { type Static } from 'typebox';
import type { Workspace } from '../../core/definition.ts';
import type { Service } from '../../service/service.ts';
import type { ApiRequest, Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { listOf, nullable, Timestamp, timestamp } from './schema-parts.ts';

const WorkspaceSchema = Type.Object(
  {
    id: Type.String({ description: '32 hexadecimal digits.' }),
    name: Type.String({ description: 'Name of the workspace.' }),
    is_default: Type.Boolean({ description: 'Whether it is meant where no workspace is named.' }),
    created_at: Timestamp('When it was made.'),
  },
  { $id: 'Workspace', description: 'A room for definitions, scripts, resources and connections.' },
);

const NewWorkspace = Type.Object(
  { name: Type.String({ description: 'Name: 1 to 63 letters, digits, _ or -.' }) },
  { $id: 'NewWorkspace', additionalProperties: false },
);

const DefaultWorkspace = Type.Object(
  {
    workspace: nullable(Type.String({ description: 'Name or id; null: none is the default any more.' })),
  },
  { $id: 'DefaultWorkspace', additionalProperties: false },
);

/** How addresses spell the default workspace; no workspace can be called so. */
const theDefault = '-';

/** The workspace in an address. */
export const workspaceParam = {
  workspace: Type.String({ description: 'Name or id of the workspace; `-`: the default one.' }),
};
export const WorkspaceParams = Type.Object(workspaceParam);

/** The workspace that an address means; null: the default one. */
export const workspaceOf = ({ params }: Pick<ApiRequest, 'params'>): string | null =>
  params.workspace === theDefault ? null : (params.workspace as string);

const viewOf = (workspace: Workspace): Static<typeof WorkspaceSchema> => ({
  id: workspace.id,
  name: workspace.name,
  is_default: workspace.isDefault,
  created_at: timestamp(workspace.createdAt),
});

/** Workspaces. */
export function workspaceRoutes(service: Service, prefix: string): readonly Route[] {
  const tags = ['workspaces'];
  return [
    {
      method: 'GET',
      path: '/workspaces',
      operationId: 'listWorkspaces',
      summary: 'List the workspaces',
      tags,
      access: 'authenticated',
      responses: { 200: { description: 'The workspaces.', schema: listOf(WorkspaceSchema, 'By name.') } },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listWorkspaces(callContext(request))).map(viewOf) },
      }),
    },
    {
      method: 'POST',
      path: '/workspaces',
      operationId: 'addWorkspace',
      summary: 'Make a workspace; the first one is the default',
      tags,
      access: 'authenticated',
      body: NewWorkspace,
      responses: { 201: { description: 'Made.', schema: WorkspaceSchema } },
      async handle(request) {
        const { name } = request.body as Static<typeof NewWorkspace>;
        const workspace = await service.addWorkspace(callContext(request), name);
        return {
          status: 201,
          headers: {
            location: `${request.basePath}${prefix}/workspaces/${encodeURIComponent(workspace.name)}`,
          },
          body: viewOf(workspace),
        };
      },
    },
    {
      method: 'GET',
      path: '/workspaces/:workspace',
      operationId: 'getWorkspace',
      summary: 'Show a workspace',
      tags,
      access: 'authenticated',
      params: WorkspaceParams,
      responses: { 200: { description: 'The workspace.', schema: WorkspaceSchema } },
      handle: async (request) => ({
        status: 200,
        body: viewOf(await service.getWorkspace(callContext(request), workspaceOf(request))),
      }),
    },
    {
      method: 'DELETE',
      path: '/workspaces/:workspace',
      operationId: 'removeWorkspace',
      summary: 'Remove an empty workspace',
      tags,
      access: 'authenticated',
      params: WorkspaceParams,
      responses: { 204: { description: 'Removed.', schema: null } },
      async handle(request) {
        // Its name has to be said: the default one is not removed by a dash.
        await service.removeWorkspace(callContext(request), request.params.workspace as string);
        return { status: 204 };
      },
    },
    {
      method: 'PUT',
      path: '/default-workspace',
      operationId: 'setDefaultWorkspace',
      summary: 'Choose the workspace that is meant where none is named',
      tags,
      access: 'authenticated',
      body: DefaultWorkspace,
      responses: { 200: { description: 'Chosen.', schema: DefaultWorkspace } },
      async handle(request) {
        const { workspace } = request.body as Static<typeof DefaultWorkspace>;
        await service.setDefaultWorkspace(callContext(request), workspace);
        return { status: 200, body: { workspace } };
      },
    },
  ];
}
