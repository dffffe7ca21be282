import { isUnfinished } from '../file-name.ts';
import type { StoredFile } from '../storage.ts';

/** What a folder holds. */
export interface FolderEntry {
  /** Without the folder. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Null for what is no regular file, or has gone meanwhile. The time counts from the epoch. */
  facts(): Promise<{ readonly bytes: number; readonly modifiedMs: number } | null>;
}

/** So many characters of a file's name are in that of its part, whatever they are (see part-name.ts). */
const partNameKept = 25;

/**
 * All files below a base whose name begins with `prefix`, in byte order of their names; with `unfinished` the parts of those instead.
 * Folders that cannot hold any are not read.
 * @param read the entries of a folder, which is given relative to the base: '' or `a/b/`; none when it does not exist
 */
export async function* listFolder(
  read: (folder: string) => Promise<readonly FolderEntry[]>,
  prefix: string,
  unfinished: boolean,
  signal: AbortSignal,
  folder = '',
): AsyncGenerator<StoredFile & { readonly modifiedMs: number }> {
  for (const { key, entry } of inOrder(folder, await read(folder))) {
    signal.throwIfAborted();
    if (entry.isFolder) {
      if (key.startsWith(prefix) || prefix.startsWith(key))
        yield* listFolder(read, prefix, unfinished, signal, key);
    } else if (
      isUnfinished(entry.name) === unfinished &&
      (unfinished ? isPartBelow(key, prefix) : key.startsWith(prefix))
    ) {
      const facts = await entry.facts();
      if (facts !== null) yield { name: key, ...facts };
    }
  }
}

/** Folders end in `/`, so that sorting entries sorts the files below them. No server's name leads out of its folder. */
function inOrder(
  folder: string,
  entries: readonly FolderEntry[],
): readonly { readonly key: string; readonly entry: FolderEntry }[] {
  return entries
    .filter(({ name }) => !/^\.{0,2}$|\//.test(name))
    .map((entry) => ({ key: folder + entry.name + (entry.isFolder ? '/' : ''), entry }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

/** A part is named after its file, with a dot in front, and cut where the name is long. */
function isPartBelow(key: string, prefix: string): boolean {
  const folder = key.slice(0, key.lastIndexOf('/') + 1);
  const fileName = key.slice(folder.length + 1);
  return (folder + fileName).startsWith(prefix.slice(0, folder.length + partNameKept));
}
