import { AppError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { filesOfPattern, plainManifestName } from './file-pattern.ts';
import { below, type DumpLayout, masterName } from './layout.ts';

/**
 * Throws `dump-damaged` (field `file_pattern`) when a manifest counts a file among its own that no set of its form has: whoever copies
 * or deletes a set must not come by the files of others that way. Reading does no harm, and follows the manifest.
 */
export function refuseForeignFiles(manifest: Manifest, layout: DumpLayout): void {
  const isOwn = ownNames(layout);
  const foreign = manifest.files.find(({ name }) => !isOwn(name));
  if (foreign === undefined) return;
  throw new AppError('dump-damaged', {
    field: 'file_pattern',
    message: `The manifest in ${masterName(layout)} counts ${JSON.stringify(foreign.name.slice(0, 200))} among its files, which is no name of such a dump set.`,
    hint: 'If files were renamed, give them their names back: those of a pattern belong together.',
  });
}

function ownNames(layout: DumpLayout): (name: string) => boolean {
  switch (layout.form) {
    case 'folder': {
      const [master, ...folders] = topNames(layout.folder);
      return (name) => name === master || folders.some((folder) => name.startsWith(folder));
    }
    case 'pattern': {
      const names = new Set(filesOfPattern(layout.pattern));
      return (name) => names.has(name);
    }
    case 'file':
      return (name) => name === layout.file;
  }
}

const topNames = (folder: string): readonly string[] =>
  [plainManifestName, 'data/', 'schema/'].map((name) => below(folder, name));

/** Beginnings that the names of a set in a folder have, and no others; null for the other forms, whose few names say it themselves. */
export const ownPrefixes = (layout: DumpLayout): readonly string[] | null =>
  layout.form === 'folder' ? topNames(layout.folder) : null;
