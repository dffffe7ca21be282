import { AppError } from '../../core/errors.ts';
import { type FolderEntry, listFolder } from '../blocks/folder-list.ts';
import type { StoredFile } from '../storage.ts';
import type { WebAddress } from '../web/address.ts';
import { isFolderRedirect, type WebClient } from '../web/client.ts';
import { refusalOf } from '../web/status.ts';
import { type DavResource, parseMultistatus } from './multistatus.ts';

/** What a PROPFIND needs. */
export interface DavPlace {
  readonly client: WebClient;
  readonly address: WebAddress;
}

/** Of one folder: some ten thousand files. */
const mostAnswerBytes = 64 * 1024 ** 2;

const question = Buffer.from(
  '<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/>' +
    '<quota-available-bytes/></prop></propfind>',
);

/**
 * What the server tells of the file or folder `name` (with a slash at its end: as a folder; '': the base), and with depth 1 of what is in it;
 * null when there is nothing.
 */
export async function propfind(
  place: DavPlace,
  name: string,
  depth: 0 | 1,
  signal: AbortSignal,
): Promise<readonly DavResource[] | null> {
  const { address } = place;
  const url = name === '' || name.endsWith('/') ? address.folder(name.slice(0, -1)) : address.of(name);
  return await propfindAt(place, url, name, depth, signal);
}

/** The same for any address; `name` is for errors. */
export async function propfindAt(
  place: DavPlace,
  url: URL,
  name: string,
  depth: 0 | 1,
  signal: AbortSignal,
): Promise<readonly DavResource[] | null> {
  const { client, address } = place;
  const headers = {
    depth: String(depth),
    'content-type': 'application/xml; charset=utf-8',
    'content-length': question.length,
  };
  const response = await client.send({ method: 'PROPFIND', url, headers, body: question }, signal);
  if (response.status === 404 || response.status === 410 || isFolderRedirect(response, url)) {
    response.discard();
    return null;
  }
  // Apache's word for what would lie below a file.
  if (response.status === 400 && (await isBelowFile(place, name, signal))) {
    response.discard();
    return null;
  }
  if (response.status !== 207) throw await refusalOf(response, 'list', address.subject(name));
  const text = await response.text(mostAnswerBytes + 1);
  if (text.length > mostAnswerBytes) {
    throw new AppError('unsupported', {
      message: `${address.subject(name)} holds more files than one answer of the server can be read for.`,
      hint: 'Use a folder with fewer files.',
      operation: 'list',
    });
  }
  return parseMultistatus(text);
}

async function isBelowFile(place: DavPlace, name: string, signal: AbortSignal): Promise<boolean> {
  const parent = name.replace(/\/$/, '').replace(/(^|\/)[^/]*$/, '');
  if (parent === '') return false;
  const [found] = (await propfind(place, parent, 0, signal)) ?? [];
  return found === undefined || !found.isFolder;
}

/** As `listFolder`, beginning at the folder that the prefix leads into. */
export function walk(
  place: DavPlace,
  prefix: string,
  unfinished: boolean,
  signal: AbortSignal,
): AsyncGenerator<StoredFile & { readonly modifiedMs: number }> {
  const read = (folder: string): Promise<readonly FolderEntry[]> => entriesOf(place, folder, signal);
  return listFolder(read, prefix, unfinished, signal, prefix.slice(0, prefix.lastIndexOf('/') + 1));
}

async function entriesOf(place: DavPlace, folder: string, signal: AbortSignal): Promise<FolderEntry[]> {
  const url = place.address.folder(folder.slice(0, -1));
  const found = await propfindAt(place, url, folder, 1, signal);
  return (found ?? []).flatMap(({ href, isFolder, bytes, modifiedMs }) => {
    const name = childName(href, url);
    if (name === null) return [];
    // What has no time is new: nobody sweeps it.
    return [
      { name, isFolder, facts: async () => ({ bytes: bytes ?? 0, modifiedMs: modifiedMs ?? Date.now() }) },
    ];
  });
}

/** The name of a direct child of a folder by its address; null for the folder itself and for what does not belong there. */
export function childName(href: string, folder: URL): string | null {
  const url = URL.parse(href, folder.href);
  if (url === null) return null;
  try {
    const parent = decodeURIComponent(folder.pathname);
    const own = decodeURIComponent(url.pathname.replace(/\/$/, ''));
    const name = own.slice(parent.length);
    return own.startsWith(parent) && name !== '' && !name.includes('/') ? name : null;
  } catch {
    return null;
  }
}
