import type { OperationContext } from '../core/context.ts';
import type { Storage } from '../storages/storage.ts';
import { filesOfPattern, prefixOfPattern } from './file-pattern.ts';
import type { DumpLayout } from './layout.ts';

/**
 * First file at the storage that a new set of this layout would collide with (any number of the pattern, anything below the folder,
 * the file); null when the place is free.
 * @param own files that the job has there already
 */
export async function findExistingFile(
  storage: Storage,
  layout: DumpLayout,
  context: OperationContext,
  own: ReadonlySet<string> = new Set(),
): Promise<string | null> {
  switch (layout.form) {
    case 'folder':
      return (
        (await firstOf(storage, `${layout.folder}/`, (name) => !own.has(name), context)) ??
        (await at(layout.folder))
      );
    case 'pattern': {
      const names = new Set(filesOfPattern(layout.pattern)).difference(own);
      return await firstOf(storage, prefixOfPattern(layout.pattern), (name) => names.has(name), context);
    }
    case 'file':
      return (await at(layout.file)) ?? (await firstOf(storage, `${layout.file}/`, () => true, context));
  }

  async function at(name: string): Promise<string | null> {
    return (await storage.stat(name, context))?.name ?? null;
  }
}

async function firstOf(
  storage: Storage,
  prefix: string,
  collides: (name: string) => boolean,
  context: OperationContext,
): Promise<string | null> {
  for await (const { name } of storage.list(prefix, context)) if (collides(name)) return name;
  return null;
}
