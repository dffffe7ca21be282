import type { NewItem, Script } from '../../../core/definition.ts';
import { type JsonDocument, sourceDocument } from '../document.ts';
import { textOf } from '../members.ts';
import { nameOf } from '../names.ts';
import { codes, Refusal } from '../refusal.ts';
import { isSqlWord } from './action-from-json.ts';

/** Bytes. */
const longestContent = 4 * 1024 * 1024;
/** What we call scripts that run; which database they are for is the connection's to say. */
const ownType = 'sql';
const theirType = 'RDSSQL';

/** A script of the contract, with its text beside. `failure`: the code for a script without content, or with too much. */
export function readScript(
  document: JsonDocument,
  failure: typeof codes.scriptCreateFailed | typeof codes.scriptEditFailed = codes.scriptCreateFailed,
): NewItem<'script'> {
  const { body } = document;
  const name = nameOf(body, 'script');
  const type = textOf(body, 'type') ?? '';
  if (type === '') throw new Refusal(codes.scriptTypeMissing, 'The script type does not exist.');
  const content = textOf(body, 'content');
  if (content === null) throw new Refusal(failure, 'The script has no content.');
  if (Buffer.byteLength(content) > longestContent) {
    throw new Refusal(failure, 'The script content is larger than 4 MB.');
  }
  return {
    kind: 'script',
    name,
    content: {
      type: isSqlWord(type) ? ownType : type,
      content,
      connection: textOf(body, 'connectionName') || null,
      description: textOf(body, 'description') ?? '',
    },
    document: sourceDocument(document),
  };
}

/** A script that was made without a text of the contract, as the body that would make it. */
export const scriptBody = (name: string, script: Script): Readonly<Record<string, unknown>> => ({
  name,
  type: script.type === ownType ? theirType : script.type,
  content: script.content,
  directory: '/',
  ...(script.connection === null ? {} : { connectionName: script.connection }),
  ...(script.description === '' ? {} : { description: script.description }),
});
