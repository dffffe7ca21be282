import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { type FrameRef, type Manifest, manifestVersion } from '../core/manifest.ts';
import { fileOfPattern } from './file-pattern.ts';
import type { DumpLayout } from './layout.ts';
import { digestLineBytes, digestLineStart, macLineBytes, macLineStart } from './manifest-format.ts';
import { faultOfReferences } from './manifest-references.ts';
import { manifestFault } from './manifest-schema.ts';

/** A manifest that was read. */
export interface DecodedManifest {
  readonly manifest: Manifest;
  readonly layout: DumpLayout;
  /** Of encrypted sets: what the holder of the key vouched for; null otherwise. */
  readonly seal: ManifestSeal | null;
}

export interface ManifestSeal {
  /** SHA-256, in hex, of the manifest up to its line `mac`. */
  readonly covered: string;
  /** HMAC-SHA256 of that, in hex. */
  readonly mac: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface StoredLayout {
  readonly form: DumpLayout['form'];
  readonly pattern?: string;
}

/**
 * The manifest in `json`, checked: digest, version, shape, names, ranges. File names come out relative to the storage's base.
 * @param name where it was read from, below the storage's base
 * @param folder the folder of the set; '' for packed sets and for a base that is the folder itself
 */
export function decodeManifest(json: Uint8Array, name: string, folder: string): DecodedManifest {
  const digestFault = faultOfDigest(json);
  const parsed = parse(json);
  const isOurs = isObject(parsed) && parsed.format === 'pumphouse-dump';
  if (digestFault !== null) {
    // Another program's JSON has no line of ours at its end; a damaged one of ours has that or the format word.
    if (digestFault === noDigestLine && parsed !== undefined && !isOurs) throw notADump(name);
    throw damaged(name, digestFault);
  }
  if (!isOurs) throw notADump(name);
  checkVersion(parsed.version, name);
  const fault = manifestFault(parsed);
  if (fault !== null) throw damaged(name, fault);
  const {
    layout: stored,
    digest: _,
    mac: __,
    ...rest
  } = parsed as unknown as Manifest & {
    readonly layout: StoredLayout;
    readonly digest: string;
    readonly mac?: string;
  };
  const manifest: Manifest = rest;
  const seal = manifest.encryption === undefined ? null : sealOf(json);
  if (manifest.encryption !== undefined && seal === null) {
    throw damaged(name, 'it is of an encrypted set, and the line with the mac is not where it belongs');
  }
  placeNames(manifest, stored, name, folder);
  const inside = faultOfReferences(manifest);
  if (inside !== null) throw damaged(name, inside);
  return { manifest, layout: layoutOf(stored, name, folder), seal };
}

const noDigestLine = 'it does not end with the line of its digest';

/** The last line must hold the digest of everything before it. */
function faultOfDigest(json: Uint8Array): string | null {
  const at = json.length - digestLineBytes;
  const line = Buffer.from(json.subarray(Math.max(at, 0))).toString('latin1');
  if (at <= 0 || !line.startsWith(digestLineStart) || !line.endsWith('"}\n')) {
    return noDigestLine;
  }
  const found = `sha256:${createHash('sha256').update(json.subarray(0, at)).digest('hex')}`;
  return line === `${digestLineStart}${found}"}\n`
    ? null
    : 'its content does not match the digest in its last line';
}

/** What the line before the last one says. */
function sealOf(json: Uint8Array): ManifestSeal | null {
  const at = json.length - digestLineBytes - macLineBytes;
  if (at <= 0) return null;
  const line = Buffer.from(json.buffer, json.byteOffset + at, macLineBytes).toString('latin1');
  if (!line.startsWith(macLineStart) || !line.endsWith('",\n')) return null;
  const covered = createHash('sha256').update(json.subarray(0, at)).digest('hex');
  return { covered, mac: line.slice(macLineStart.length, macLineStart.length + 64) };
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString());
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkVersion(version: unknown, name: string): void {
  if (typeof version === 'number' && version > manifestVersion) {
    throw new AppError('dump-version', {
      message: `${name} has format version ${version}, and this Pumphouse reads up to ${manifestVersion}.`,
      field: 'file_pattern',
    });
  }
}

/** Makes names relative to the storage's base, and follows a packed master that was renamed. In place: there may be very many. */
function placeNames(manifest: Manifest, stored: StoredLayout, name: string, folder: string): void {
  const own = manifest.files.find(({ digest }) => digest === null)?.name;
  const prefix = folder === '' ? '' : `${folder}/`;
  const isPacked = stored.form !== 'folder';
  const place = (file: string): string => (isPacked && file === own ? name : prefix + file);
  const placeFrame = (frame: Mutable<FrameRef>): void => {
    frame.file = place(frame.file);
  };
  for (const file of manifest.files as Mutable<Manifest['files'][number]>[]) file.name = place(file.name);
  for (const table of manifest.tables) for (const unit of table.units) placeFrame(unit as Mutable<FrameRef>);
  placeFrame(manifest.ddl.pre);
  placeFrame(manifest.ddl.post);
}

function layoutOf(stored: StoredLayout, name: string, folder: string): DumpLayout {
  if (stored.form === 'folder') return { form: 'folder', folder };
  const { pattern } = stored;
  if (pattern === undefined || fileOfPattern(pattern, 1) !== name) return { form: 'file', file: name };
  return { form: 'pattern', pattern };
}

/** `fault` says what is wrong with the manifest in `name`. */
export const damaged = (name: string, fault: string): AppError =>
  new AppError('dump-damaged', {
    message: `The manifest in ${name} is damaged: ${fault}.`,
    field: 'file_pattern',
  });

export const notADump = (name: string): AppError =>
  new AppError('dump-not-a-dump', {
    message: `${name} is no part of a dump set that can be read.`,
    field: 'file_pattern',
  });
