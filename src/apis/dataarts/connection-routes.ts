import type { ApiReply } from '../api.ts';
import { singlePath } from './archive/members.ts';
import { writeArchive } from './archive/write-archive.ts';
import { bodyDocument, readDocument, withMembers } from './document.ts';
import { connectionText } from './item-text.ts';
import type { Body } from './members.ts';
import { type Call, jsonText, noContent, type Operation, type OperationParts } from './operation.ts';
import { pageOf, pick, textIn } from './paging.ts';
import { codes, Refusal } from './refusal.ts';
import { connectionBody, connectionKey, connectionListBody, listQuery } from './schemas.ts';
import { withoutSecrets } from './secrets.ts';
import { readConnection } from './translate/connection.ts';
import { zipReply } from './zip-reply.ts';

const tags = ['connections'];
const mostConnections = 100;

/** Names of registered databases, for jobs and scripts. */
export function connectionOperations(parts: OperationParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'POST',
      path: '/connections',
      operationId: 'createConnection',
      summary: 'Create a connection',
      description:
        'It stands for the registered database that `database` or `config.database` names, else for the one of its own name.',
      tags,
      subject: 'connection',
      body: connectionBody,
      responses: { 204: { description: 'It is created.', schema: null } },
      async handle({ context, workspace, request }) {
        await service.addItem(context, workspace, readConnection(bodyDocument(request)));
        return noContent;
      },
    },
    {
      method: 'PUT',
      path: '/connections/:connection_name',
      operationId: 'updateConnection',
      summary: 'Change a connection',
      tags,
      subject: 'connection',
      params: connectionKey,
      body: connectionBody,
      responses: { 204: { description: 'It is changed.', schema: null } },
      handle: (call) => change(parts, call),
    },
    {
      method: 'DELETE',
      path: '/connections/:connection_name',
      operationId: 'deleteConnection',
      summary: 'Delete a connection',
      tags,
      subject: 'connection',
      params: connectionKey,
      responses: { 204: { description: 'It is gone.', schema: null } },
      async handle({ context, workspace, request }) {
        await service.removeItem(context, workspace, 'connection', request.params.connection_name ?? '');
        return noContent;
      },
    },
    {
      method: 'GET',
      path: '/connections',
      operationId: 'listConnections',
      summary: 'List connections',
      tags,
      subject: 'connection',
      query: listQuery,
      responses: { 200: { description: 'A part of the connections.', schema: connectionListBody } },
      handle: (call) => list(parts, call),
    },
    {
      method: 'GET',
      path: '/connections/:connection_name',
      operationId: 'getConnection',
      summary: 'Read a connection',
      tags,
      subject: 'connection',
      params: connectionKey,
      responses: {
        200: { description: 'The connection, as it came, without passwords.', schema: connectionBody },
      },
      async handle({ context, workspace, request }) {
        const name = request.params.connection_name ?? '';
        return jsonText(connectionText(await service.getItem(context, workspace, 'connection', name)));
      },
    },
    {
      method: 'POST',
      path: '/connections/export',
      operationId: 'exportConnections',
      summary: 'Export all connections, without passwords',
      tags,
      subject: 'connection',
      responses: {
        200: { description: 'A zip.', schema: null, mediaType: 'application/octet-stream' },
      },
      async handle({ context, workspace }) {
        const items = await service.listItems(context, workspace, 'connection');
        const members = items.map((item) => ({
          path: singlePath('connection', item.name),
          text: withoutSecrets(connectionText(item)),
          changedAt: item.updatedAt,
        }));
        return zipReply('DLF_All_DataConnections.zip', writeArchive(members));
      },
    },
  ];
}

async function change({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const name = request.params.connection_name ?? '';
  const old = JSON.parse(
    connectionText(await service.getItem(context, workspace, 'connection', name)),
  ) as Body;
  const given = bodyDocument(request);
  const document = readDocument(withMembers(given.text, { name }), 'The request body');
  const { type = old.type } = document.body;
  if (type !== old.type) {
    throw new Refusal(codes.connectionTypeFixed, 'The type of a connection cannot be changed.');
  }
  await service.putItem(context, workspace, name, readConnection(document));
  return noContent;
}

async function list({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const part = textIn(request.query, 'connectionName') ?? '';
  const items = (await service.listItems(context, workspace, 'connection')).filter(({ name }) =>
    name.includes(part),
  );
  const connections = pick(items, pageOf(request.query, mostConnections)).map(
    (item) => JSON.parse(connectionText(item)) as Body,
  );
  return { status: 200, body: { total: items.length, connections } };
}
