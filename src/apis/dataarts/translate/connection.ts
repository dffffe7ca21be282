import type { Connection, NewItem } from '../../../core/definition.ts';
import { type JsonDocument, sourceDocument } from '../document.ts';
import { isObject, textOf } from '../members.ts';
import { nameOf } from '../names.ts';
import { withoutSecrets } from '../secrets.ts';

/**
 * A connection of the contract, which stands for a registered database: the one that the member `database` names, or `config.database`, else
 * the one of its own name. Its text is kept without passwords: those of databases are where they are registered.
 */
export function readConnection(document: JsonDocument): NewItem<'connection'> {
  const { body, text } = document;
  const name = nameOf(body, 'connection');
  const config = isObject(body.config) ? body.config : {};
  return {
    kind: 'connection',
    name,
    content: {
      database: textOf(body, 'database') || textOf(config, 'database') || name,
      description: textOf(body, 'description') ?? '',
    },
    document: sourceDocument({ text: withoutSecrets(text), body }),
  };
}

/** A connection that was made without a text of the contract, as the body that would make it. */
export const connectionBody = (name: string, connection: Connection): Readonly<Record<string, unknown>> => ({
  name,
  type: 'RDS',
  database: connection.database,
  ...(connection.description === '' ? {} : { description: connection.description }),
});
