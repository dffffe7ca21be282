import { parseList } from 'basic-ftp';
import type { FolderEntry } from '../blocks/folder-list.ts';
import { asPath } from '../blocks/folder-location.ts';
import { isDenied, isMissing } from './classify.ts';
import type { FtpConnection } from './connect.ts';
import { FtpRefusal } from './reply.ts';
import { download } from './transfer.ts';

/** What lies in a folder; nothing when it does not exist. */
export async function readFolder(
  connection: FtpConnection,
  folder: string,
  signal: AbortSignal,
): Promise<readonly FolderEntry[]> {
  const path = asPath(folder);
  try {
    if (connection.listing === 'MLSD') {
      try {
        return parseFacts(await textOf(connection, `MLSD ${path}`, signal));
      } catch (error) {
        if (!(error instanceof FtpRefusal) || isMissing(error.words)) throw error;
        // Not every server that names it has it for everybody.
        connection.listing = 'LIST';
      }
    }
    return parseWords(await textOf(connection, `LIST -a ${path}`, signal));
  } catch (error) {
    if (error instanceof FtpRefusal && [450, 550].includes(error.code) && !isDenied(error.words)) return [];
    throw error;
  }
}

async function textOf(connection: FtpConnection, command: string, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of download(connection, command, 0, null, signal)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The answer to MLSD (RFC 3659, 7.2): `fact=value;fact=value; name` in each line. */
export function parseFacts(text: string): readonly FolderEntry[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, packed = '', name] = /^(\S*) (.+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const facts = new Map(
      packed.split(';').map((fact) => {
        const at = fact.indexOf('=');
        return [fact.slice(0, at).toLowerCase(), fact.slice(at + 1)];
      }),
    );
    const type = facts.get('type')?.toLowerCase();
    const bytes = Number(facts.get('size') ?? Number.NaN);
    const modifiedMs = timeOf(facts.get('modify') ?? '');
    return entryOf(name, type === 'dir', type === 'file', bytes, modifiedMs);
  });
}

/** YYYYMMDDHHMMSS, in UTC; null for anything else. */
function timeOf(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

/** The answer to LIST: meant for people, in the forms of Unix and DOS. */
export function parseWords(text: string): readonly FolderEntry[] {
  return parseList(text).flatMap((info) =>
    entryOf(info.name, info.isDirectory, info.isFile, info.size, null),
  );
}

/** @param modifiedMs null: unknown, and then it counts as now, so that nothing is swept for its age */
function entryOf(
  name: string,
  isFolder: boolean,
  isFile: boolean,
  bytes: number,
  modifiedMs: number | null,
): readonly FolderEntry[] {
  // What is neither, links among them, cannot be told without asking for each.
  if (!isFolder && !(isFile && Number.isSafeInteger(bytes))) return [];
  return [{ name, isFolder, facts: async () => ({ bytes, modifiedMs: modifiedMs ?? Date.now() }) }];
}
