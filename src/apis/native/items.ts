import Type, { type Static } from 'typebox';
import { etagMatches, etagOf } from '../../base/etag.ts';
import type { NewItem, WorkspaceItem, WorkspaceItemKind } from '../../core/definition.ts';
import { AppError } from '../../core/errors.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { type ItemForm, ItemLine, itemForms, itemSchema, itemView, lineOf } from './item-views.ts';
import { nullable } from './schema-parts.ts';
import { workspaceOf, workspaceParam } from './workspaces.ts';

/** A thing in an address. */
export const ItemParams = Type.Object({ ...workspaceParam, name: Type.String({ description: 'The name.' }) });

const ListQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
);

/** Bytes: the longest script, as JSON spells it. */
const largestItem = 8 * 1024 * 1024;

/** Definitions, scripts, resources and connections: list, add, show, change, remove. */
export function itemRoutes(service: Service, prefix: string): readonly Route[] {
  const { definition, script, resource, connection } = itemForms;
  return [
    ...routesOf(service, prefix, definition),
    ...routesOf(service, prefix, script),
    ...routesOf(service, prefix, resource),
    ...routesOf(service, prefix, connection),
  ];
}

function routesOf<K extends WorkspaceItemKind>(
  service: Service,
  prefix: string,
  form: ItemForm<K>,
): readonly Route[] {
  const { kind, plural } = form;
  const tags = [plural];
  const schema = itemSchema(form);
  const Put = Type.Object(
    {
      ...schema.properties,
      dropped_document_of: nullable(
        Type.String({
          description:
            'The API whose document of the thing was dropped, since this change made it untrue; null: there was none, or nothing changed.',
        }),
      ),
    },
    { $id: `Changed${capital(kind)}` },
  );
  const path = `/workspaces/:workspace/${plural}`;
  const nameOf = ({ params }: ApiRequest): string => params.name as string;
  const show = (item: WorkspaceItem<K>): ApiReply => {
    const body = itemView(form, item);
    return { status: 200, headers: { etag: etagOf(body) }, body };
  };

  /** The thing as it is, held against If-Match where the caller names what he saw. */
  async function current(request: ApiRequest, context: CallContext): Promise<WorkspaceItem<K>> {
    const item = await service.getItem(context, workspaceOf(request), kind, nameOf(request));
    const header = request.headers['if-match'];
    if (header === undefined || etagMatches(header, etagOf(itemView(form, item)))) return item;
    throw new AppError('precondition-failed', {
      message: `The ${kind} ${item.name} is not what If-Match names: ${item.updatedBy} changed it.`,
    });
  }

  /** What a body asks for. It carries no document: that is for the API that it came through. */
  const itemOf = (request: ApiRequest): NewItem<K> => {
    const { name } = request.body as { readonly name: string };
    return { kind, name, content: form.decode(request.body as never), document: null };
  };

  return [
    {
      method: 'GET',
      path,
      operationId: `list${capital(plural)}`,
      summary: `List the ${plural} of a workspace, without what they hold`,
      tags,
      access: 'authenticated',
      params: Type.Object(workspaceParam),
      query: ListQuery,
      responses: {
        200: {
          description: 'A page of them.',
          schema: Type.Object({
            items: Type.Array(ItemLine, { description: 'By name.' }),
            next_cursor: nullable(Type.String({ description: 'For the next page; null on the last one.' })),
          }),
        },
      },
      async handle(request) {
        const { cursor, limit = 100 } = request.query as Static<typeof ListQuery>;
        const after = cursor === undefined ? null : nameOfCursor(cursor);
        const all = await service.listItems(callContext(request), workspaceOf(request), kind);
        // The cursor is a place in the order, so that it holds when things come and go.
        const rest = after === null ? all : all.filter(({ name }) => isBehind(name, after));
        const page = rest.slice(0, limit);
        const last = page.at(-1);
        const next = rest.length > limit && last !== undefined ? cursorAt(last.name) : null;
        return { status: 200, body: { items: page.map(lineOf), next_cursor: next } };
      },
    },
    {
      method: 'POST',
      path,
      operationId: `add${capital(kind)}`,
      summary: `Add a ${kind}`,
      tags,
      access: 'authenticated',
      params: Type.Object(workspaceParam),
      body: form.body,
      bodyLimit: largestItem,
      responses: { 201: { description: 'Added.', schema } },
      async handle(request) {
        const item = await service.addItem(callContext(request), workspaceOf(request), itemOf(request));
        const place = `${request.basePath}${prefix}/workspaces/${encodeURIComponent(item.workspace)}/${plural}`;
        const location = `${place}/${encodeURIComponent(item.name)}`;
        const reply = show(item);
        return { ...reply, status: 201, headers: { ...reply.headers, location } };
      },
    },
    {
      method: 'GET',
      path: `${path}/:name`,
      operationId: `get${capital(kind)}`,
      summary: `Show a ${kind}`,
      tags,
      access: 'authenticated',
      params: ItemParams,
      responses: { 200: { description: `The ${kind}.`, schema } },
      handle: async (request) =>
        show(await service.getItem(callContext(request), workspaceOf(request), kind, nameOf(request))),
    },
    {
      method: 'PUT',
      path: `${path}/:name`,
      operationId: `put${capital(kind)}`,
      summary: `Change a ${kind}, or its name`,
      description: 'With If-Match, only while it is what the caller saw. The whole of it is replaced.',
      tags,
      access: 'authenticated',
      params: ItemParams,
      body: form.body,
      bodyLimit: largestItem,
      responses: { 200: { description: 'Changed.', schema: Put } },
      async handle(request) {
        const context = callContext(request);
        const before = await current(request, context);
        const workspace = workspaceOf(request);
        const item = await service.putItem(context, workspace, nameOf(request), itemOf(request));
        const reply = show(item);
        const dropped = item.document === null ? (before.document?.api ?? null) : null;
        return { ...reply, body: { ...itemView(form, item), dropped_document_of: dropped } };
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:name`,
      operationId: `remove${capital(kind)}`,
      summary: `Remove a ${kind}`,
      description: 'With If-Match, only while it is what the caller saw.',
      tags,
      access: 'authenticated',
      params: ItemParams,
      responses: { 204: { description: 'Removed.', schema: null } },
      async handle(request) {
        const context = callContext(request);
        if (request.headers['if-match'] !== undefined) await current(request, context);
        await service.removeItem(context, workspaceOf(request), kind, nameOf(request));
        return { status: 204 };
      },
    },
  ];
}

const capital = (word: string): string => `${word[0]?.toUpperCase()}${word.slice(1)}`;

/** Lists are in the order of code units. */
const isBehind = (name: string, after: string): boolean => name > after;

const cursorAt = (name: string): string => Buffer.from(`name:${name}`).toString('base64url');

function nameOfCursor(cursor: string): string {
  const name = /^name:(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString())?.[1];
  if (name !== undefined) return name;
  throw new AppError('field-invalid', {
    field: 'cursor',
    message: 'cursor is none that this service gave out.',
    hint: 'Take it from the page before, unchanged.',
  });
}
