import type { NewItem, WorkspaceItemKind } from '../../../core/definition.ts';
import { AppError } from '../../../core/errors.ts';
import { type JsonDocument, readDocument, utf8Text, withMembers } from '../document.ts';
import { Refusal } from '../refusal.ts';
import { readConnection } from '../translate/connection.ts';
import { readJob } from '../translate/job-from-json.ts';
import { readResource } from '../translate/resource.ts';
import { readScript } from '../translate/script.ts';
import { kindOfPath, nameOfPath } from './members.ts';
import { readArchive } from './read-archive.ts';

/** A thing of a zip, with its text as it was there. */
export interface ArchiveItem {
  readonly item: NewItem;
  readonly document: JsonDocument;
}

const readers: { readonly [K in WorkspaceItemKind]: (document: JsonDocument) => NewItem<K> } = {
  definition: readJob,
  script: readScript,
  resource: readResource,
  connection: readConnection,
};
/** What others need comes before them. */
const order: readonly WorkspaceItemKind[] = ['connection', 'resource', 'script', 'definition'];

/**
 * The things in a zip of an export, each once: the same script lies beside each of the jobs that need it. Files of other kinds are passed
 * over. Throws `archive-invalid`, naming the file.
 */
export async function readArchiveItems(
  bytes: Uint8Array,
  kinds: readonly WorkspaceItemKind[],
  signal: AbortSignal,
): Promise<readonly ArchiveItem[]> {
  const wantedKind = (path: string): WorkspaceItemKind | undefined =>
    kinds.find((kind) => kind === kindOfPath(path));
  const files = await readArchive(bytes, (path) => wantedKind(path) !== undefined, signal);
  const items = new Map<string, ArchiveItem>();
  for (const [path, content] of files) {
    const read = readFile(path, content, wantedKind(path) as WorkspaceItemKind);
    const key = `${read.item.kind} ${read.item.name}`;
    const other = items.get(key);
    if (other !== undefined && other.document.text !== read.document.text) {
      throw invalid(`It holds two different ones of the name ${read.item.name}.`);
    }
    items.set(key, read);
  }
  if (items.size === 0) throw invalid('There is nothing of an export in it.');
  return [...items.values()].toSorted((a, b) => order.indexOf(a.item.kind) - order.indexOf(b.item.kind));
}

function readFile(path: string, content: Uint8Array, kind: WorkspaceItemKind): ArchiveItem {
  try {
    const given = readDocument(utf8Text(content, 'It'), 'It');
    const document = readDocument(withMembers(given.text, { name: nameOfPath(path) }), 'It');
    return { item: readers[kind](document), document };
  } catch (error) {
    if (error instanceof Refusal) throw invalid(`In ${JSON.stringify(path)}: ${error.message}`);
    throw error;
  }
}

const invalid = (why: string): AppError =>
  new AppError('archive-invalid', { message: `The file is no zip of an export. ${why}` });
