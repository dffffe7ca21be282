import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Storage, StoredFile } from '../storages/storage.ts';
import type { DumpLayout } from './layout.ts';
import type { DecodedManifest } from './manifest-decode.ts';
import { readPackedManifest, readPlainManifest } from './manifest-read.ts';

/** A complete dump set as found by looking around. */
export interface ListedDumpSet {
  /** What `openDumpSet` takes. */
  readonly filePattern: string;
  readonly layout: DumpLayout;
  readonly manifest: Manifest;
}

const folderMaster = /^([^/]+)\/manifest\.json$/;

/**
 * The complete dump sets below the storage's base, by name; what is incomplete or no dump is left out, what is damaged is left out with a
 * line in the log. Throws `unsupported` where the storage cannot list. A set whose folder is the base itself is not listed: it has no name here.
 */
export async function* listDumpSets(
  storage: Storage,
  context: OperationContext,
): AsyncGenerator<ListedDumpSet> {
  if (!storage.lists) {
    throw new AppError('unsupported', {
      message: `${storage.description} cannot tell what it holds, so its dump sets cannot be listed.`,
      hint: 'Name the dump set by its file pattern: such a place gives what is asked for by name.',
    });
  }
  const candidates: StoredFile[] = [];
  // Listed to the end before anything is read, so that a list does not stay open meanwhile.
  for await (const file of storage.list('', context)) {
    if (!file.name.includes('/') || folderMaster.test(file.name)) candidates.push(file);
  }
  const known = new Set<string>();
  for (const file of candidates) {
    if (known.has(file.name)) continue;
    const found = await tryToRead(storage, file, context);
    if (found === null) continue;
    // The data files of a pattern need not be tried one by one.
    for (const { name } of found.manifest.files) known.add(name);
    yield { filePattern: patternOf(found.layout), ...found };
  }
}

async function tryToRead(
  storage: Storage,
  file: StoredFile,
  context: OperationContext,
): Promise<DecodedManifest | null> {
  try {
    const folder = folderMaster.exec(file.name)?.[1];
    if (folder !== undefined) return await readPlainManifest(storage, file.name, file.bytes, folder, context);
    return (await readPackedManifest(storage, file.name, file.bytes, context)).set;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (
      error.code === 'dump-not-a-dump' ||
      error.code === 'dump-truncated' ||
      error.code === 'file-missing'
    ) {
      return null;
    }
    if (error.kind !== 'corrupt' && error.code !== 'dump-version' && error.code !== 'unsupported')
      throw error;
    context.log.warn(`${file.name} is left out of the list of dump sets: ${error.message}`, {
      code: error.code,
    });
    return null;
  }
}

/** A percent sign in a plain name is doubled in a pattern. */
function patternOf(layout: DumpLayout): string {
  switch (layout.form) {
    case 'folder':
      return layout.folder.replaceAll('%', '%%');
    case 'pattern':
      return layout.pattern;
    case 'file':
      return layout.file.replaceAll('%', '%%');
  }
}
