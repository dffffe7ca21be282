import Type, { type Static, type TSchema } from 'typebox';
import type { ItemContents, WorkspaceItem, WorkspaceItemKind } from '../../core/definition.ts';
import { decodeDefinition, encodeDefinition } from './definition-json.ts';
import { type DefinitionJson, DefinitionSchema } from './definition-schema.ts';
import { Count, nullable, Timestamp, timestamp } from './schema-parts.ts';

/* The things of a workspace as JSON: a name, and what they hold. */

const closed = { additionalProperties: false };
const Description = Type.Optional(Type.String({ description: 'For people; empty by default.' }));
const Name = Type.String({
  description: 'Name: 1 to 128 letters of any script, digits, _, - or .',
  examples: ['nightly_orders'],
});

const DefinitionItem = Type.Object(
  { name: Name, definition: DefinitionSchema },
  { $id: 'DefinitionItem', ...closed },
);
const ScriptItem = Type.Object(
  {
    name: Name,
    type: Type.Optional(
      Type.String({ description: 'sql, the default, can run; scripts of other types are kept.' }),
    ),
    content: Type.String({ description: 'The script itself.', examples: ['DELETE FROM staging.orders;'] }),
    connection: Type.Optional(
      nullable(Type.String({ description: 'Connection that it runs on; null: the node says it.' })),
    ),
    description: Description,
  },
  { $id: 'Script', ...closed },
);
const ResourceItem = Type.Object(
  {
    name: Name,
    type: Type.String({ description: 'What it is: file, archive, jar.', examples: ['file'] }),
    location: Type.String({ description: 'Where it is, a storage URL. It is only kept.' }),
    description: Description,
  },
  { $id: 'Resource', ...closed },
);
const ConnectionItem = Type.Object(
  {
    name: Name,
    database: Type.String({ description: 'Name of the registered database that it leads to.' }),
    description: Description,
  },
  { $id: 'Connection', ...closed },
);

/** Members of every answer about a thing, beside its own. */
const facts = {
  id: Type.Integer({ description: 'Number of the thing, never used again.' }),
  version: Count('The last version that was submitted; 0: none.'),
  document_of: nullable(
    Type.String({
      description:
        'The API that this came through, which gets its own document of it back unchanged; null: there is none.',
    }),
  ),
  created_by: Type.String({ description: 'Who made it.' }),
  created_at: Timestamp('When it was made.'),
  updated_by: Type.String({ description: 'Who changed it last.' }),
  updated_at: Timestamp('When it was changed last.'),
};
export type ItemFacts = {
  readonly [K in keyof typeof facts]: Static<(typeof facts)[K]>;
};

/** What a kind of thing is in JSON. */
export interface ItemForm<K extends WorkspaceItemKind> {
  readonly kind: K;
  /** In addresses: `definitions`. */
  readonly plural: string;
  /** What requests send: the name and the members of the thing. */
  readonly body: TSchema & { readonly properties: Readonly<Record<string, TSchema>> };
  decode(body: never): ItemContents[K];
  /** The members beside the name, all of them, in the order of the schema. */
  encode(content: ItemContents[K]): Readonly<Record<string, unknown>>;
}

export const itemForms: { readonly [K in WorkspaceItemKind]: ItemForm<K> } = {
  definition: {
    kind: 'definition',
    plural: 'definitions',
    body: DefinitionItem,
    decode: ({ definition }: { readonly definition: DefinitionJson }) => decodeDefinition(definition),
    encode: (content) => ({ definition: encodeDefinition(content) }),
  },
  script: {
    kind: 'script',
    plural: 'scripts',
    body: ScriptItem,
    decode: ({ type, content, connection, description }: Static<typeof ScriptItem>) => ({
      type: type ?? 'sql',
      content,
      connection: connection ?? null,
      description: description ?? '',
    }),
    encode: ({ type, content, connection, description }) => ({ type, content, connection, description }),
  },
  resource: {
    kind: 'resource',
    plural: 'resources',
    body: ResourceItem,
    decode: ({ type, location, description }: Static<typeof ResourceItem>) => ({
      type,
      location,
      description: description ?? '',
    }),
    encode: ({ type, location, description }) => ({ type, location, description }),
  },
  connection: {
    kind: 'connection',
    plural: 'connections',
    body: ConnectionItem,
    decode: ({ database, description }: Static<typeof ConnectionItem>) => ({
      database,
      description: description ?? '',
    }),
    encode: ({ database, description }) => ({ database, description }),
  },
};

/** What answers tell of one thing. */
export const itemSchema = ({ body, kind }: ItemForm<WorkspaceItemKind>) =>
  Type.Object(
    { ...body.properties, ...facts },
    { $id: `Stored${kind[0]?.toUpperCase()}${kind.slice(1)}`, description: `A ${kind} of a workspace.` },
  );

/** What lists tell: without the contents, which can be long. */
export const ItemLine = Type.Object(
  { name: Name, ...facts },
  { $id: 'ItemLine', description: 'A thing of a workspace, without what it holds.' },
);

export const lineOf = (item: WorkspaceItem): Static<typeof ItemLine> => ({
  name: item.name,
  id: item.id,
  version: item.version,
  document_of: item.document?.api ?? null,
  created_by: item.createdBy,
  created_at: timestamp(item.createdAt),
  updated_by: item.updatedBy,
  updated_at: timestamp(item.updatedAt),
});

export const itemView = <K extends WorkspaceItemKind>(
  form: ItemForm<K>,
  item: WorkspaceItem<K>,
): ItemFacts & Readonly<Record<string, unknown>> => {
  const { name, ...rest } = lineOf(item);
  return { name, ...form.encode(item.content), ...rest };
};
