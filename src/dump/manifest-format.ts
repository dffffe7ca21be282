import { createHash } from 'node:crypto';
import type { Digest, FrameRef, Manifest, ManifestTable } from '../core/manifest.ts';
import type { SetCipher } from './encryption.ts';
import type { DumpLayout } from './layout.ts';

/**
 * The manifest as it is stored: JSON, one line per table, unit, object and file; file names are relative to the manifest's own folder. The
 * last line holds the digest of all bytes before it. docs/dump-format.md describes it.
 */

/** First bytes of the last line. */
export const digestLineStart = '"digest":"';
/** `"digest":"sha256:<64>"}` and a line feed. */
export const digestLineBytes = digestLineStart.length + 'sha256:'.length + 64 + '"}\n'.length;

/** First bytes of the line before it, in encrypted sets: the key's holder vouches for all that stands before. */
export const macLineStart = '"mac":"hmac-sha256:';
export const macLineBytes = macLineStart.length + 64 + '",\n'.length;

/** Magic number of a zstd skippable frame (RFC 8878, 3.1.2), little endian on disk. */
export const skippableMagic = 0x184d2a50;
export const skippableHeaderBytes = 8;
/** Ends the master of packed forms. */
export const trailerMagic = 'PumpDump';
/** Digest of the frames before (32), length of the JSON (8, little endian), magic (8). */
export const trailerBytes = 48;
/** It is read as one text, by sets of anybody: a skippable frame could take 2^32 - 1 bytes, a string 2^29 - 24 characters. */
export const maxManifestBytes = 256 * 1024 * 1024;
/** The same for the texts of each section of the schema. */
export const maxTextBytes = 256 * 1024 * 1024;

/** JSON text of the stored manifest, ready to be written, in pieces of moderate size. */
export interface EncodedManifest {
  readonly bytes: number;
  pieces(): Iterable<Uint8Array>;
}

/**
 * @param ownName name of the file that will hold it; the size of that file, which its entry in `files` says, is `bytesAround` plus the JSON's
 * @param cipher the set's; null: it is not encrypted
 * @param folder the part of all file names to leave away ('' or ending in `/`)
 */
export function encodeManifest(
  manifest: Manifest,
  layout: DumpLayout,
  folder: string,
  ownName: string,
  bytesAround: number,
  cipher: Pick<SetCipher, 'mac'> | null = null,
): EncodedManifest {
  const lines = (ownBytes: number): Iterable<string> => linesOf(manifest, layout, folder, ownName, ownBytes);
  let withoutOwnSize = digestLineBytes - 1 + (cipher === null ? 0 : macLineBytes);
  for (const line of lines(0)) withoutOwnSize += Buffer.byteLength(line);
  const ownBytes = sizeWithOwnDigits(withoutOwnSize + bytesAround);
  return {
    bytes: ownBytes - bytesAround,
    *pieces() {
      const hash = createHash('sha256');
      for (const piece of joined(lines(ownBytes))) {
        hash.update(piece);
        yield piece;
      }
      if (cipher !== null) {
        const line = Buffer.from(`${macLineStart}${cipher.mac(hash.copy().digest('hex'))}",\n`);
        hash.update(line);
        yield line;
      }
      yield Buffer.from(`${digestLineStart}sha256:${hash.digest('hex')}"}\n`);
    },
  };
}

/** The least n that equals `rest` plus the number of its own decimal digits. */
function sizeWithOwnDigits(rest: number): number {
  let size = rest + 1;
  while (size !== rest + String(size).length) size += 1;
  return size;
}

const pieceLength = 256 * 1024;

function* joined(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length < pieceLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* linesOf(
  manifest: Manifest,
  layout: DumpLayout,
  folder: string,
  ownName: string,
  ownBytes: number,
): Generator<string> {
  const relative = (name: string): string => (name.startsWith(folder) ? name.slice(folder.length) : name);
  const frame = <T extends FrameRef>(ref: T): T => ({ ...ref, file: relative(ref.file) });
  const { tables, ddl, objects, files, ...head } = manifest;
  const { format, version, ...rest } = head;
  yield '{\n';
  for (const [key, value] of Object.entries({ format, version, layout: storedLayout(layout), ...rest })) {
    yield `${JSON.stringify(key)}:${JSON.stringify(value)},\n`;
  }
  yield* array('tables', tables, (table) => tableLines(table, frame));
  yield `"ddl":${JSON.stringify({ pre: frame(ddl.pre), post: frame(ddl.post) })},\n`;
  yield* array('objects', objects, (object) => [JSON.stringify(object)]);
  yield* array('files', files, ({ name, bytes, digest }) => [
    JSON.stringify({ name: relative(name), bytes: name === ownName ? ownBytes : bytes, digest }),
  ]);
}

function* tableLines(table: ManifestTable, frame: <T extends FrameRef>(ref: T) => T): Generator<string> {
  const { units, ...facts } = table;
  yield `${JSON.stringify(facts).slice(0, -1)},"units":[`;
  for (const [index, unit] of units.entries())
    yield `${index === 0 ? '' : ','}\n${JSON.stringify(frame(unit))}`;
  yield ']}';
}

function* array<T>(
  key: string,
  items: readonly T[],
  linesOfItem: (item: T) => Iterable<string>,
): Generator<string> {
  yield `${JSON.stringify(key)}:[\n`;
  for (const [index, item] of items.entries()) {
    if (index > 0) yield ',\n';
    yield* linesOfItem(item);
  }
  yield '],\n';
}

/** The folder's name is left away: a set may be moved and renamed as a whole. */
function storedLayout(layout: DumpLayout): Readonly<Record<string, string>> {
  switch (layout.form) {
    case 'folder':
      return { form: 'folder' };
    case 'pattern':
      return { form: 'pattern', pattern: layout.pattern };
    case 'file':
      return { form: 'file' };
  }
}

/** The frame that ends the master of a packed set. `payload` is the digest of all bytes before the frame. */
export function* manifestFrame(manifest: EncodedManifest, payload: Digest): Generator<Uint8Array> {
  const header = Buffer.alloc(skippableHeaderBytes);
  header.writeUInt32LE(skippableMagic, 0);
  header.writeUInt32LE(manifest.bytes + trailerBytes, 4);
  yield header;
  yield* manifest.pieces();
  const trailer = Buffer.alloc(trailerBytes);
  trailer.write(payload.slice('sha256:'.length), 0, 'hex');
  trailer.writeBigUInt64LE(BigInt(manifest.bytes), 32);
  trailer.write(trailerMagic, 40, 'latin1');
  yield trailer;
}
