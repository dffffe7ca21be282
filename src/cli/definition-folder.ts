import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../base/atomic-file.ts';
import { type WorkspaceItemKind, workspaceItemKinds } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';

/*
 * Definitions and what they are made of in a folder, for version control: a file for each, below a folder for each kind. Equal things are equal
 * bytes: members in one order, a line end at the end. The text of a script is a list of its lines, so that differences show line by line.
 */

/** A thing in the members of the native API, as far as they are its content. */
export interface FolderItem {
  readonly kind: WorkspaceItemKind;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What of each kind is written, in this order. */
const members: Readonly<Record<WorkspaceItemKind, readonly string[]>> = {
  definition: ['name', 'definition'],
  script: ['name', 'description', 'type', 'connection', 'content'],
  resource: ['name', 'description', 'type', 'location'],
  connection: ['name', 'description', 'database'],
};

const folderOf = (kind: WorkspaceItemKind): string => `${kind}s`;

/**
 * Writes things, each into its file; a file that says the same already stays as it is.
 * @returns the files, relative to the folder: all of these things, and those that were there beside them
 */
export async function writeFolder(
  folder: string,
  items: readonly FolderItem[],
): Promise<{ readonly written: readonly string[]; readonly others: readonly string[] }> {
  const written: string[] = [];
  for (const kind of workspaceItemKinds) {
    const ofKind = items.filter((item) => item.kind === kind);
    if (ofKind.length === 0) continue;
    await mkdir(path.join(folder, folderOf(kind)), { recursive: true });
    const names = fileNames(ofKind.map(({ name }) => name));
    for (const item of ofKind) {
      const file = path.join(folderOf(kind), names.get(item.name) ?? '');
      const full = path.join(folder, file);
      const text = textOf(item);
      if ((await readIfThere(full)) !== text) await replaceFile(full, text, 0o644);
      written.push(file);
    }
  }
  const there = await filesOf(folder);
  return { written, others: there.map(({ file }) => file).filter((file) => !written.includes(file)) };
}

/** Reads what {@link writeFolder} wrote, or somebody in the same form. Throws `usage`, naming the file. */
export async function readFolder(folder: string): Promise<readonly FolderItem[]> {
  const files = await filesOf(folder);
  const items: FolderItem[] = [];
  for (const { kind, file } of files) {
    items.push(parseItem(kind, file, await readFile(path.join(folder, file), 'utf8')));
  }
  return items;
}

/** The JSON files of the folders of the kinds, in the order of their names; links and everything else are left alone. */
async function filesOf(
  folder: string,
): Promise<readonly { readonly kind: WorkspaceItemKind; readonly file: string }[]> {
  const found: { readonly kind: WorkspaceItemKind; readonly file: string }[] = [];
  for (const kind of workspaceItemKinds) {
    const entries = await readdir(path.join(folder, folderOf(kind)), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.json'));
    for (const { name } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      found.push({ kind, file: path.join(folderOf(kind), name) });
    }
  }
  return found;
}

function textOf({ kind, name, body }: FolderItem): string {
  const all: Readonly<Record<string, unknown>> = { ...body, name };
  const kept = Object.fromEntries(
    members[kind].map((member) => [
      member,
      kind === 'script' && member === 'content' ? String(all[member]).split('\n') : all[member],
    ]),
  );
  return `${JSON.stringify(kept, null, 2)}\n`;
}

function parseItem(kind: WorkspaceItemKind, file: string, text: string): FolderItem {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable(file, `is no JSON: ${(error as Error).message}`, error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw unreadable(file, 'holds no object');
  const { name, ...rest } = json as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string') throw unreadable(file, 'has no name');
  return {
    kind,
    name,
    body: kind === 'script' ? { ...rest, content: scriptText(file, rest.content) } : rest,
  };
}

/** Lines, or a text as the API has it. */
function scriptText(file: string, content: unknown): string {
  if (typeof content === 'string') return content;
  const isLines = Array.isArray(content) && content.every((line) => typeof line === 'string');
  if (isLines) return content.join('\n');
  throw unreadable(file, 'has a content that is neither a list of lines nor a text');
}

const unreadable = (file: string, problem: string, cause?: unknown): AppError =>
  new AppError('usage', {
    field: 'dir',
    message: `The file ${file} ${problem}.`,
    hint: 'Use a folder that pumphouse definition export wrote.',
    ...(cause === undefined ? {} : { cause }),
  });

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** Longest name of a file, in bytes, with room for what is written beside it for a moment. */
const longestFileName = 200;

/**
 * A file name for each name. It is the name itself wherever that can be one: names have no separators. Those that only differ in a way that some file
 * systems do not see (case, composed letters), and those that are too long, get a digest behind; it is in no name, since `~` is not.
 */
export function fileNames(names: readonly string[]): ReadonlyMap<string, string> {
  const fold = (name: string): string => name.normalize('NFC').toLowerCase();
  const seen = new Map<string, number>();
  for (const name of names) seen.set(fold(name), (seen.get(fold(name)) ?? 0) + 1);
  return new Map(
    names.map((name) => {
      if (!/^[\p{L}\p{M}\p{N}_.-]+$/u.test(name)) throw unusable(name);
      const isPlain =
        seen.get(fold(name)) === 1 && Buffer.byteLength(name) <= longestFileName - '.json'.length;
      return [name, isPlain ? `${name}.json` : `${[...name].slice(0, 24).join('')}~${digestOf(name)}.json`];
    }),
  );
}

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 16);

/** The service lets no such name in; what it tells is not believed all the same. */
const unusable = (name: string): AppError =>
  new AppError('name-invalid', {
    message: `The name ${JSON.stringify(name.slice(0, 100))} cannot be that of a file.`,
    hint: 'Give the thing another name.',
  });
