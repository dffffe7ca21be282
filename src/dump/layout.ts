import type { DdlSection } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Compression } from '../core/request.ts';
import { fileOfPattern, parseFilePattern, parseSetPattern, plainManifestName } from './file-pattern.ts';
import { codingSuffix } from './frame-coding.ts';
import { escapeName } from './table-stem.ts';

/** How a dump set is spread over files. */
export type DumpLayout =
  /** `<folder>/manifest.json`, `<folder>/data/...`, `<folder>/schema/...`; '' when the storage's base itself is the folder. */
  | { readonly form: 'folder'; readonly folder: string }
  /** `%U` stands for the file number 01 to 99, `%%` for a percent sign; 01 is the master. */
  | { readonly form: 'pattern'; readonly pattern: string }
  /** Everything in one file. */
  | { readonly form: 'file'; readonly file: string };

/**
 * Files of the engine's own format and nothing beside them, so that they are no dump set: `%I` stands for the number of the file, from 1, `%N`
 * for how many there are.
 */
export interface BareLayout {
  readonly form: 'bare';
  readonly pattern: string;
}

/** How what an export writes is spread over files. */
export type ExportLayout = DumpLayout | BareLayout;

/** Null: a folder named like the job. Throws `file-name-invalid` (field `file_pattern`). */
export function layoutForExport(filePattern: string | null, jobName: string): ExportLayout {
  const isBare = filePattern !== null && parseFilePattern(filePattern).form === 'bare';
  return isBare ? { form: 'bare', pattern: filePattern } : layoutForSet(filePattern, jobName);
}

/** The same for what can only be a dump set. */
export function layoutForSet(filePattern: string | null, jobName: string): DumpLayout {
  if (filePattern === null) return { form: 'folder', folder: escapeName(jobName) };
  const parsed = parseSetPattern(filePattern);
  return parsed.form === 'file'
    ? { form: 'file', file: parsed.name }
    : { form: 'pattern', pattern: filePattern };
}

/** That of a set that exists: null is the base itself; a plain name may be that of a folder too, and takes the same place either way. */
export const layoutOfSet = (filePattern: string | null): DumpLayout =>
  filePattern === null ? { form: 'folder', folder: '' } : layoutForSet(filePattern, '');

/** How the files of an export are stored where nothing is said about it. */
export const defaultCompression = (layout: ExportLayout): Compression =>
  layout.form !== 'bare' ? 'zstd' : /\.gz$/i.test(layout.pattern) ? 'gzip' : 'none';

/** What file_pattern asks for, as messages say it. */
const titles: Readonly<Record<ExportLayout['form'], string>> = {
  folder: 'a folder',
  pattern: 'packed files',
  file: 'one file',
  bare: "files of the engine's own format",
};

/**
 * Throws `field-invalid` (field `compression`) where what is written in this form cannot be stored so: packed files are sequences of zstd
 * frames, and the programs that read an engine's own files know gzip at most.
 */
export function checkCompression(layout: ExportLayout, compression: Compression): void {
  const { form } = layout;
  if (form === 'folder' || (form === 'bare' ? compression !== 'zstd' : compression === 'zstd')) return;
  throw new AppError('field-invalid', {
    field: 'compression',
    message:
      form === 'bare'
        ? `The compression ${compression} is for dump sets, and file_pattern asks for ${titles.bare}.`
        : `The compression ${compression} is for dump sets in a folder, and file_pattern asks for ${titles[form]}.`,
    hint:
      form === 'bare'
        ? 'Use the compression gzip or none, or a file_pattern without %I and %N.'
        : 'Leave file_pattern out, or use the compression zstd.',
  });
}

/** Throws `field-invalid` (field `file_size`) where there are no numbered files of a set. */
export function checkFileSize(layout: ExportLayout, fileSize: number | null): void {
  if (fileSize === null || layout.form === 'pattern') return;
  throw new AppError('field-invalid', {
    field: 'file_size',
    message: `file_size is for numbered dump files, and file_pattern asks for ${titles[layout.form]}.`,
    hint: 'Give a file_pattern with %U, such as EXPDAT%U.DMP, or leave file_size out.',
  });
}

/** Name of the file that holds the manifest. */
export function masterName(layout: DumpLayout): string {
  switch (layout.form) {
    case 'folder':
      return below(layout.folder, plainManifestName);
    case 'pattern':
      return fileOfPattern(layout.pattern, 1);
    case 'file':
      return layout.file;
  }
}

/** Name of the file with the schema texts of a section in a set's folder. */
export const schemaFile = (
  folder: string,
  section: DdlSection,
  compression: Compression,
  isEncrypted: boolean,
): string => below(folder, `schema/${section}-data.sql${codingSuffix(compression, isEncrypted)}`);

/** `name` in `folder`, which may be '' for the base itself. */
export const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
