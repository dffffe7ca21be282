import type { Connection, ItemContents, Resource, Script, WorkspaceItemKind } from '../core/definition.ts';
import { readDefinition } from './definition-content.ts';
import { readObject, readPossiblyEmpty, readText } from './input.ts';
import { longestScript, readDescription, readItemName } from './item-fields.ts';

/* What the things of a workspace hold, read with no type taken on trust: fields are named as the native API spells them. */

const readers: { readonly [K in WorkspaceItemKind]: (value: unknown) => ItemContents[K] } = {
  definition: readDefinition,
  script: readScript,
  resource: readResource,
  connection: readConnection,
};

/** The content of a thing of that kind, checked. Whether what it names exists is another question. Throws `field-invalid`. */
export const readContent = <K extends WorkspaceItemKind>(kind: K, value: unknown): ItemContents[K] =>
  readers[kind](value);

function readScript(value: unknown): Script {
  const { type, content, connection, description } = readObject(value);
  return {
    type: readText(type, 'type', 'sql is the type that can run.', 64),
    content: readPossiblyEmpty(content, 'content', 'Give the text of the script.', longestScript),
    connection: readItemName(connection, 'connection'),
    description: readDescription(description),
  };
}

function readResource(value: unknown): Resource {
  const { type, location, description } = readObject(value);
  return {
    type: readText(type, 'type', 'Give a word such as file.', 64),
    location: readText(location, 'location', 'Give a storage URL such as s3://bucket/file.jar.'),
    description: readDescription(description),
  };
}

function readConnection(value: unknown): Connection {
  const { database, description } = readObject(value);
  return {
    database: readText(database, 'database', 'Name a registered database.', 63),
    description: readDescription(description),
  };
}
