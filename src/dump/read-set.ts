import type { DdlObject, DdlSection } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import type { SetCipher } from './encryption.ts';
import {
  fileOfPattern,
  filesOfPattern,
  parseSetPattern,
  plainManifestName,
  prefixOfPattern,
} from './file-pattern.ts';
import { filesNamed, firstFile } from './find-files.ts';
import type { DumpLayout } from './layout.ts';
import type { ManifestSeal } from './manifest-decode.ts';
import { readPackedManifest, readPlainManifest } from './manifest-read.ts';
import { readFrame } from './read-frame.ts';
import { wrongSize } from './verify-file.ts';

/** A complete dump set. The names in its manifest are relative to the storage's base. */
export interface DumpSet {
  readonly manifest: Manifest;
  readonly layout: DumpLayout;
  readonly seal: ManifestSeal | null;
}

/**
 * Finds and reads the manifest of a set.
 * @param filePattern `EXPDAT%U.DMP`, `one.dmp`, a folder's name, or null when the storage's base itself is the folder
 * @throws AppError (field `file_pattern`) `file-missing`; `dump-incomplete` when files are there and no manifest; `dump-not-a-dump`,
 * `dump-version`, `dump-truncated`, `dump-damaged` by what the manifest looks like; `file-name-invalid` for the pattern itself
 */
export async function openDumpSet(
  storage: Storage,
  filePattern: string | null,
  context: OperationContext,
): Promise<DumpSet> {
  if (filePattern === null) return await openBase(storage, context);
  const parsed = parseSetPattern(filePattern);
  return parsed.form === 'pattern'
    ? await openPattern(storage, filePattern, context)
    : await openNamed(storage, parsed.name, context);
}

async function openBase(storage: Storage, context: OperationContext): Promise<DumpSet> {
  const master = await storage.stat(plainManifestName, context);
  if (master !== null) return await readPlainManifest(storage, master.name, master.bytes, '', context);
  for (const folder of ['data/', 'schema/']) {
    const left = await firstFile(storage, folder, () => true, [], context);
    if (left !== null) throw incomplete(left, plainManifestName);
  }
  throw new AppError('dump-not-a-dump', {
    message: `${storage.description} holds no manifest.json: it is not the folder of a dump set.`,
    hint: 'Name the folder, file or pattern of the dump set as the file pattern.',
    field: 'file_pattern',
  });
}

async function openPattern(storage: Storage, pattern: string, context: OperationContext): Promise<DumpSet> {
  const name = fileOfPattern(pattern, 1);
  const master = await storage.stat(name, context);
  if (master !== null) return (await readPackedManifest(storage, name, master.bytes, context)).set;
  const names = new Set(filesOfPattern(pattern));
  const isWanted = (found: string): boolean => names.has(found);
  const left = await firstFile(storage, prefixOfPattern(pattern), isWanted, names, context);
  throw left === null ? missing(storage, name) : incomplete(left, name);
}

async function openNamed(storage: Storage, name: string, context: OperationContext): Promise<DumpSet> {
  const file = await storage.stat(name, context);
  if (file !== null) return (await readPackedManifest(storage, name, file.bytes, context)).set;
  const master = await storage.stat(`${name}/${plainManifestName}`, context);
  if (master !== null) return await readPlainManifest(storage, master.name, master.bytes, name, context);
  const left = await firstFile(storage, `${name}/`, () => true, [], context);
  throw left === null ? missing(storage, name) : incomplete(left, `${name}/${plainManifestName}`);
}

const missing = (storage: Storage, name: string): AppError =>
  new AppError('file-missing', {
    message: `${name} does not exist at ${storage.description}.`,
    field: 'file_pattern',
  });

const incomplete = (found: string, master: string): AppError =>
  new AppError('dump-incomplete', {
    message: `The dump set has no manifest: ${found} is there, and ${master} is not.`,
    field: 'file_pattern',
  });

/** Looks whether every file is there with its size; reads none. Throws `file-missing`, `dump-truncated` naming the first wrong file. */
export async function checkFiles(
  storage: Storage,
  manifest: Pick<Manifest, 'files'>,
  context: OperationContext,
): Promise<void> {
  const names = manifest.files.map(({ name }) => name);
  const files = await filesNamed(storage, names, context);
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of manifest.files) {
    const found = sizes.get(name);
    if (found === undefined) {
      throw new AppError('file-missing', {
        message: `${name} of the dump set does not exist at ${storage.description}.`,
        hint: 'Bring the file back under that name, or use another dump set.',
      });
    }
    if (found !== bytes) throw wrongSize(name, found, bytes);
  }
}

/** The objects of the set's schema with their statements, in the order of the manifest. */
export async function readObjects(
  storage: Storage,
  manifest: Manifest,
  cipher: SetCipher | null,
  context: OperationContext,
): Promise<readonly DdlObject[]> {
  const texts: Record<DdlSection, Buffer> = {
    pre: await readSection(storage, manifest, 'pre', cipher, context),
    post: await readSection(storage, manifest, 'post', cipher, context),
  };
  return manifest.objects.map(({ start, end, ...facts }) => ({
    ...facts,
    sql: texts[facts.section].toString('utf8', start, end),
  }));
}

async function readSection(
  storage: Storage,
  manifest: Manifest,
  section: DdlSection,
  cipher: SetCipher | null,
  context: OperationContext,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  const what = `schema texts (${section}-data)`;
  const frame = manifest.ddl[section];
  const coding = { compression: manifest.compression, cipher };
  for await (const piece of readFrame(storage, frame, coding, what, context)) pieces.push(piece);
  const text = Buffer.concat(pieces);
  if (!text.includes(0)) return text;
  throw new AppError('dump-damaged', {
    message: `${frame.file}, frame at offset ${frame.offset}, ${what}: a NUL is in them, which no statement holds.`,
    field: 'file_pattern',
  });
}
