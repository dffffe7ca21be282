import type { OperationContext } from '../core/context.ts';
import type { Storage } from '../storages/storage.ts';
import { fileOfBare, filesOfPattern, isBareName, prefixOfPattern } from './file-pattern.ts';
import { firstFile } from './find-files.ts';
import { below, type ExportLayout, masterName } from './layout.ts';

/**
 * First file at the storage that an export of this layout would collide with (any number of the pattern, anything below the folder, which
 * may be the base itself, the file); null when the place is free. Where the storage cannot list, of a folder the manifest alone is looked
 * for, and of files without a manifest one that is alone.
 * @param own files that the job has there already
 */
export async function findExistingFile(
  storage: Storage,
  layout: ExportLayout,
  context: OperationContext,
  own: ReadonlySet<string> = new Set(),
): Promise<string | null> {
  switch (layout.form) {
    case 'folder':
      return (
        (await firstOf(below(layout.folder, ''), (name) => !own.has(name), [masterName(layout)])) ??
        (layout.folder === '' ? null : await at(layout.folder))
      );
    case 'pattern': {
      const names = new Set(filesOfPattern(layout.pattern)).difference(own);
      return await firstOf(prefixOfPattern(layout.pattern), (name) => names.has(name), names);
    }
    case 'file':
      return (await at(layout.file)) ?? (await firstOf(`${layout.file}/`, () => true, []));
    case 'bare': {
      const { pattern } = layout;
      const collides = (name: string): boolean => isBareName(pattern, name) && !own.has(name);
      return await firstOf(prefixOfPattern(pattern), collides, [fileOfBare(pattern, 1, 1)]);
    }
  }

  function firstOf(
    prefix: string,
    collides: (name: string) => boolean,
    known: Iterable<string>,
  ): Promise<string | null> {
    return firstFile(storage, prefix, collides, known, context);
  }

  async function at(name: string): Promise<string | null> {
    return (await storage.stat(name, context))?.name ?? null;
  }
}
