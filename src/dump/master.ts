import type { Column, DdlObject, DdlSection, TableName } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError } from '../core/errors.ts';
import {
  type FrameRef,
  type Manifest,
  type ManifestFile,
  type ManifestTable,
  versionOf,
} from '../core/manifest.ts';
import type { Reduction } from '../core/read-rules.ts';
import type { Encoding, JobMode } from '../core/request.ts';
import type { PutOptions, Storage } from '../storages/storage.ts';
import { type FrameWriter, putFrames, type UnitSource, type WrittenUnit } from './data-file.ts';
import type { FrameCoding } from './frame-coding.ts';
import { below, type DumpLayout, masterName, schemaFile } from './layout.ts';
import {
  encodeManifest,
  manifestFrame,
  maxManifestBytes,
  maxTextBytes,
  skippableHeaderBytes,
  trailerBytes,
} from './manifest-format.ts';
import { layOutObjects, type SectionTexts } from './schema-text.ts';

/** What an export knows before the schema texts and the manifest are written. */
export interface ManifestDraft {
  readonly job: Manifest['job'];
  readonly createdAt: string;
  readonly source: Manifest['source'];
  readonly mode: JobMode;
  readonly encoding: Encoding;
  readonly coding: FrameCoding;
  /** Absent: there is none. */
  readonly position?: string;
  readonly consistency: Manifest['consistency'];
  readonly tables: readonly DraftTable[];
  readonly objects: readonly DdlObject[];
  /** The data files written so far. */
  readonly files: readonly ManifestFile[];
}

export interface DraftTable extends TableName {
  readonly tablespace: string | null;
  readonly columns: readonly Column[];
  readonly encoding: Encoding;
  /** Not null: the table failed, and its units are left out. */
  readonly error: string | null;
  /** As in the manifest. */
  readonly reduced?: readonly Reduction[];
  readonly units: readonly WrittenUnit[];
  /** Single file only: ids of its units among `inline`. */
  readonly inlineUnits: readonly string[];
}

export interface MasterOptions {
  readonly ifExists: PutOptions['ifExists'];
  /** Gets the raw bytes of the inline units so far. */
  readonly onProgress?: (rawBytes: number) => void;
}

/**
 * Writes the schema texts and, last, the manifest; resolves to the finished manifest. folder: two schema files and `manifest.json`.
 * pattern: number 01 with schema frames and manifest. file: the one file with the `inline` units, schema frames and manifest, in one `put`.
 */
export async function writeMaster(
  storage: Storage,
  layout: DumpLayout,
  draft: ManifestDraft,
  inline: readonly UnitSource[],
  options: MasterOptions,
  context: OperationContext,
): Promise<Manifest> {
  for (const section of ['pre', 'post'] as const) {
    const texts = draft.objects.filter((object) => object.section === section);
    const bytes = texts.reduce((sum, { sql }) => sum + Buffer.byteLength(sql) + 2, 0);
    checkSize(`The ${section}-data texts`, bytes, maxTextBytes);
  }
  if (layout.form === 'folder') return await writeFolderOrNothing(storage, layout, draft, options, context);
  return await writePackedMaster(storage, layout, draft, inline, options, context);
}

/** Where a file of somebody else stands in the way, our own files before it would stand in the way of the next try. */
async function writeFolderOrNothing(
  storage: Storage,
  layout: DumpLayout & { readonly form: 'folder' },
  draft: ManifestDraft,
  options: MasterOptions,
  context: OperationContext,
): Promise<Manifest> {
  const written: string[] = [];
  try {
    return await writeFolderMaster(storage, layout, draft, { ...options, written }, context);
  } catch (error) {
    if (toAppError(error).code === 'file-exists') {
      // A file that cannot be removed is in the way again, and told then; what is to be told now is the other one.
      for (const name of written) await storage.remove(name, context).catch(() => undefined);
    }
    throw error;
  }
}

async function writeFolderMaster(
  storage: Storage,
  layout: DumpLayout & { readonly form: 'folder' },
  draft: ManifestDraft,
  options: MasterOptions & { readonly written: string[] },
  context: OperationContext,
): Promise<Manifest> {
  const { objects, texts } = layOutObjects(draft.objects);
  const section = async (which: DdlSection): ReturnType<typeof writeSection> => {
    const file = schemaFile(layout.folder, which, draft.coding.compression, draft.coding.cipher !== null);
    const section = await writeSection(
      storage,
      file,
      texts[which],
      { ...options, coding: draft.coding },
      context,
    );
    options.written.push(file);
    return section;
  };
  const pre = await section('pre');
  const post = await section('post');
  const name = masterName(layout);
  const manifest = finish(draft, new Map(), { pre: pre.frame, post: post.frame }, objects, [
    ...draft.files,
    pre.file,
    post.file,
    { name, bytes: 0, digest: null },
  ]);
  const folder = below(layout.folder, '');
  const encoded = encodeManifest(manifest, layout, folder, name, 0, draft.coding.cipher);
  checkSize('The manifest', encoded.bytes, maxManifestBytes);
  await storage.put(
    name,
    {
      async *open() {
        yield* encoded.pieces();
      },
    },
    { ifExists: options.ifExists, expectedBytes: encoded.bytes },
    context,
  );
  return withOwnSize(manifest, name, encoded.bytes);
}

async function writeSection(
  storage: Storage,
  name: string,
  text: Iterable<Uint8Array>,
  { ifExists, coding }: MasterOptions & { readonly coding: FrameCoding },
  context: OperationContext,
): Promise<{ readonly frame: FrameRef; readonly file: ManifestFile }> {
  let frame: FrameRef | undefined;
  const { writer, bytes } = await putFrames(
    storage,
    name,
    { ifExists, coding },
    (file) =>
      file.frame(asyncOf(text), (written) => {
        frame = written;
      }),
    context,
  );
  return { frame: written(frame), file: { name, bytes, digest: writer.digest() } };
}

async function writePackedMaster(
  storage: Storage,
  layout: DumpLayout,
  draft: ManifestDraft,
  inline: readonly UnitSource[],
  options: MasterOptions,
  context: OperationContext,
): Promise<Manifest> {
  const name = masterName(layout);
  const { objects, texts } = layOutObjects(draft.objects);
  let manifest: Manifest | undefined;

  async function* body(file: FrameWriter): AsyncGenerator<Uint8Array> {
    for (const unit of inline) yield* file.unit(unit);
    const ddl = yield* sections(file, texts);
    const units = new Map(file.units.map((unit) => [unit.id, unit]));
    const own = { name, bytes: 0, digest: null };
    const unsized = finish(draft, units, ddl, objects, [...draft.files, own]);
    const around = file.position + skippableHeaderBytes + trailerBytes;
    const encoded = encodeManifest(unsized, layout, '', name, around, draft.coding.cipher);
    checkSize('The manifest', encoded.bytes, maxManifestBytes);
    manifest = withOwnSize(unsized, name, encoded.bytes + around);
    yield* manifestFrame(encoded, file.digest());
  }

  await putFrames(storage, name, { ...options, coding: draft.coding }, body, context);
  return written(manifest);
}

async function* sections(
  file: FrameWriter,
  texts: SectionTexts,
): AsyncGenerator<Uint8Array, Readonly<Record<DdlSection, FrameRef>>> {
  let pre: FrameRef | undefined;
  let post: FrameRef | undefined;
  yield* file.frame(asyncOf(texts.pre), (frame) => {
    pre = frame;
  });
  yield* file.frame(asyncOf(texts.post), (frame) => {
    post = frame;
  });
  return { pre: written(pre), post: written(post) };
}

function finish(
  draft: ManifestDraft,
  inline: ReadonlyMap<string, WrittenUnit>,
  ddl: Manifest['ddl'],
  objects: Manifest['objects'],
  files: readonly ManifestFile[],
): Manifest {
  const { compression, cipher } = draft.coding;
  const stored = {
    encoding: draft.encoding,
    compression,
    ...(cipher === null ? {} : { encryption: cipher.facts }),
  };
  return {
    format: 'pumphouse-dump',
    version: versionOf(stored),
    job: draft.job,
    createdAt: draft.createdAt,
    completedAt: new Date().toISOString(),
    source: draft.source,
    mode: draft.mode,
    ...stored,
    ...(draft.position === undefined ? {} : { position: draft.position }),
    consistency: draft.consistency,
    tables: draft.tables.map((table) => finishTable(table, inline)),
    ddl,
    objects,
    files,
  };
}

function finishTable(draft: DraftTable, inline: ReadonlyMap<string, WrittenUnit>): ManifestTable {
  const { inlineUnits, units: writtenBefore, error, ...facts } = draft;
  const units = error === null ? [...writtenBefore, ...inlineUnits.map((id) => written(inline.get(id)))] : [];
  return {
    ...facts,
    rows: units.reduce((rows, unit) => rows + unit.rows, 0),
    rawBytes: units.reduce((bytes, unit) => bytes + unit.rawBytes, 0),
    status: error === null ? 'complete' : 'failed',
    error,
    units,
  };
}

const withOwnSize = (manifest: Manifest, name: string, bytes: number): Manifest => ({
  ...manifest,
  files: manifest.files.map((file) => (file.name === name ? { ...file, bytes } : file)),
});

function checkSize(what: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new AppError('unsupported', {
    message: `${what} would take ${bytes} bytes, and at most ${most} can be read back.`,
    hint: 'Export fewer objects at once: by schema, or with name expressions.',
  });
}

async function* asyncOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** What a finished write must have set. */
function written<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new AppError('internal', { message: 'A unit or frame that the manifest needs was not written.' });
  }
  return value;
}
