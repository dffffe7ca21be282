import type { WorkspaceItem } from '../../core/definition.ts';
import type { ApiReply } from '../api.ts';
import { bodyDocument, readDocument, withMembers } from './document.ts';
import { resourceText } from './item-text.ts';
import type { Body } from './members.ts';
import { type Call, jsonText, noContent, type Operation, type OperationParts } from './operation.ts';
import { pageOf, pick, textIn } from './paging.ts';
import { missing } from './refusal.ts';
import { listQuery, resourceBody, resourceCreatedBody, resourceKey, resourceListBody } from './schemas.ts';
import { readResource } from './translate/resource.ts';

const tags = ['resources'];
const mostResources = 100;
const idDigits = 32;

/** Files that jobs name. */
export function resourceOperations(parts: OperationParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'POST',
      path: '/resources',
      operationId: 'createResource',
      summary: 'Create a resource',
      tags,
      subject: 'resource',
      body: resourceBody,
      responses: { 200: { description: 'Its id.', schema: resourceCreatedBody } },
      async handle({ context, workspace, request }) {
        const item = await service.addItem(context, workspace, readResource(bodyDocument(request)));
        return { status: 200, body: { resourceId: resourceId(item) } };
      },
    },
    {
      method: 'PUT',
      path: '/resources/:resource_id',
      operationId: 'updateResource',
      summary: 'Change a resource',
      tags,
      subject: 'resource',
      params: resourceKey,
      body: resourceBody,
      responses: { 204: { description: 'It is changed.', schema: null } },
      handle: (call) => change(parts, call),
    },
    {
      method: 'DELETE',
      path: '/resources/:resource_id',
      operationId: 'deleteResource',
      summary: 'Delete a resource',
      tags,
      subject: 'resource',
      params: resourceKey,
      responses: { 204: { description: 'It is gone.', schema: null } },
      async handle(call) {
        const { name } = await resourceOf(parts, call);
        await service.removeItem(call.context, call.workspace, 'resource', name);
        return noContent;
      },
    },
    {
      method: 'GET',
      path: '/resources',
      operationId: 'listResources',
      summary: 'List resources',
      tags,
      subject: 'resource',
      query: listQuery,
      responses: { 200: { description: 'A part of the resources.', schema: resourceListBody } },
      handle: (call) => list(parts, call),
    },
    {
      method: 'GET',
      path: '/resources/:resource_id',
      operationId: 'getResource',
      summary: 'Read a resource',
      tags,
      subject: 'resource',
      params: resourceKey,
      responses: { 200: { description: 'The resource, as it came.', schema: resourceBody } },
      async handle(call) {
        const item = await resourceOf(parts, call);
        return jsonText(withMembers(resourceText(item), { id: resourceId(item) }));
      },
    },
  ];
}

/** 32 hexadecimal digits, as clients know ids. */
const resourceId = ({ id }: WorkspaceItem): string => id.toString(16).padStart(idDigits, '0');

async function resourceOf(
  { service }: OperationParts,
  { context, workspace, request }: Call,
): Promise<WorkspaceItem<'resource'>> {
  const asked = request.params.resource_id?.toLowerCase();
  const items = await service.listItems(context, workspace, 'resource');
  const item = items.find((each) => resourceId(each) === asked);
  if (item === undefined) throw missing.resource();
  return item;
}

async function change(parts: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const { name } = await resourceOf(parts, call);
  const given = bodyDocument(request);
  const item = readResource(readDocument(withMembers(given.text, { name }), 'The request body'));
  await parts.service.putItem(context, workspace, name, item);
  return noContent;
}

async function list({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const part = textIn(request.query, 'resourceName') ?? '';
  const items = (await service.listItems(context, workspace, 'resource')).filter(({ name }) =>
    name.includes(part),
  );
  const resources = pick(items, pageOf(request.query, mostResources)).map((item) => ({
    ...(JSON.parse(resourceText(item)) as Body),
    id: resourceId(item),
    createUser: item.createdBy,
    createTime: item.createdAt,
  }));
  return { status: 200, body: { total: items.length, resources } };
}
