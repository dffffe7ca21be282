import type { NewJobLogEntry } from '../core/job.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Compression, ImportRequest, OwnFileRequest } from '../core/request.ts';
import { checkFiles, openDumpSet, readObjects } from '../dump/read-set.ts';
import type { Engine } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Storage } from '../storages/storage.ts';
import { countReads, type ReadCount } from './counting-storage.ts';
import { unlock } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { examineOwnFiles } from './examine-own-files.ts';
import { chooseContent, refuseForeignSet, type SetContent } from './import-set.ts';
import { ownFileManifest } from './own-file-manifest.ts';
import { type FileReader, ownFileStorage } from './own-file-storage.ts';
import { neededFiles } from './verify-file.ts';

/** Where the plan of an import reads, counted. */
export type ImportPlace =
  | { readonly ownFiles: null; readonly storage: Storage & ReadCount }
  | { readonly ownFiles: readonly OwnFileRequest[]; readonly storage: FileReader & ReadCount };

/** What an import reads: a dump set, or files of the engine's own format. */
export interface ImportSource {
  /** That of the set; of other files, what one would say. */
  readonly manifest: Manifest;
  readonly content: SetContent;
  /** How a file is stored. */
  compressionOf(file: string): Compression;
  /** Every byte was read and found right, so that nothing is left to verify. */
  readonly isVerified: boolean;
  /** What there is to say of it. */
  readonly log: readonly NewJobLogEntry[];
}

/** The place, not looked at yet. */
export async function openPlace(
  environment: Environment,
  { location, ownFiles }: ImportRequest,
): Promise<ImportPlace> {
  return ownFiles === null
    ? { ownFiles, storage: countReads(await environment.storage(location)) }
    : { ownFiles, storage: countReads(ownFileStorage(environment, ownFiles)) };
}

/**
 * Opens what an import reads, and chooses what of it is taken. Of a set, the files that are needed are looked for; of own files, every byte
 * is read.
 * @param attempt runs a check whose error ends an import, and may be kept to see what else there is
 */
export async function openSource(
  environment: Environment,
  engine: Engine,
  request: ImportRequest,
  place: ImportPlace,
  attempt: (check: () => Promise<void>) => Promise<void>,
  context: TaskContext,
): Promise<ImportSource> {
  return place.ownFiles === null
    ? await openSet(environment, engine, request, place.storage, attempt, context)
    : await openFiles(engine, request, place.ownFiles, place.storage, context);
}

async function openSet(
  environment: Environment,
  engine: Engine,
  request: ImportRequest,
  storage: Storage,
  attempt: (check: () => Promise<void>) => Promise<void>,
  context: TaskContext,
): Promise<ImportSource> {
  const set = await openDumpSet(storage, request.filePattern, context);
  const { manifest } = set;
  refuseForeignSet(engine, manifest);
  const cipher = await unlock(environment, request.encryptionKey, set);
  const content = await chooseContent(
    engine,
    request,
    manifest,
    await readObjects(storage, manifest, cipher, context),
  );
  const files = neededFiles(manifest, request.content === 'metadata_only' ? [] : content.tables);
  await attempt(() => checkFiles(storage, { ...manifest, files }, context));
  return { manifest, content, compressionOf: () => manifest.compression, isVerified: false, log: [] };
}

async function openFiles(
  engine: Engine,
  request: ImportRequest,
  ownFiles: readonly OwnFileRequest[],
  storage: FileReader,
  context: TaskContext,
): Promise<ImportSource> {
  const { files, log } = await examineOwnFiles(engine, ownFiles, storage, context);
  const manifest = ownFileManifest(files, engine);
  const compressions = new Map(files.map(({ name, compression }) => [name, compression]));
  return {
    manifest,
    content: await chooseContent(engine, request, manifest, []),
    compressionOf: (file) => compressions.get(file) ?? 'none',
    isVerified: true,
    log,
  };
}
