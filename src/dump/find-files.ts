import type { OperationContext } from '../core/context.ts';
import type { Storage, StoredFile } from '../storages/storage.ts';

/** Questions for single files under way at once. */
const askedAtOnce = 16;

/**
 * Name of the first file below `prefix` that is wanted; null: there is none. Where the storage cannot list, only `known` names are looked
 * for.
 */
export async function firstFile(
  storage: Storage,
  prefix: string,
  isWanted: (name: string) => boolean,
  known: Iterable<string>,
  context: OperationContext,
): Promise<string | null> {
  if (!storage.lists) {
    const [found] = await filesNamed(storage, [...known].filter(isWanted), context);
    return found?.name ?? null;
  }
  for await (const { name } of storage.list(prefix, context)) if (isWanted(name)) return name;
  return null;
}

/** Those of `names` that are at the storage, in the order of `names`. */
export async function filesNamed(
  storage: Storage,
  names: readonly string[],
  context: OperationContext,
): Promise<readonly StoredFile[]> {
  if (storage.lists && names.length > askedAtOnce) return await listedFiles(storage, names, context);
  const found: StoredFile[] = [];
  for (let at = 0; at < names.length; at += askedAtOnce) {
    const asked = names.slice(at, at + askedAtOnce).map((name) => storage.stat(name, context));
    for (const file of await Promise.all(asked)) if (file !== null) found.push(file);
  }
  return found;
}

async function listedFiles(
  storage: Storage,
  names: readonly string[],
  context: OperationContext,
): Promise<readonly StoredFile[]> {
  const wanted = new Set(names);
  const found = new Map<string, StoredFile>();
  for await (const file of storage.list(commonPrefix(names), context)) {
    if (wanted.has(file.name)) found.set(file.name, file);
  }
  return names.flatMap((name) => found.get(name) ?? []);
}

function commonPrefix(names: readonly string[]): string {
  let prefix = names[0] ?? '';
  for (const name of names) while (!name.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
