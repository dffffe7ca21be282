import { AppError } from '../../core/errors.ts';
import type { LocationRequest } from '../../core/request.ts';
import type { CallContext, Service } from '../../service/service.ts';

/** A file at a place of ours. */
export interface PlacedFile {
  readonly location: LocationRequest;
  readonly file: string;
}

/** A path of the contract, `obs://bucket/folder/file`, or another storage URL, taken apart. */
export interface StoragePath {
  /** `obs` */
  readonly scheme: string;
  /** `tide-store`; of other schemes whatever stands before the path. */
  readonly bucket: string;
  /** Without slashes at both ends. */
  readonly key: string;
  /** From the question mark on; empty without. */
  readonly query: string;
}

/** Null: it is no such path, or leads out of itself. Paths of the contract are taken as they are; in other URLs odd characters are percent-encoded. */
export function readStoragePath(text: string): StoragePath | null {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\s]*)([^?#]*)(\?[^#]*)?$/i.exec(text.trim());
  if (match === null) return null;
  const [, word = '', bucket = '', path = '', query = ''] = match;
  const scheme = word.toLowerCase();
  if (bucket === '' && scheme === bucketScheme) return null;
  const parts = path.split('/').filter((part) => part !== '');
  const key = scheme === bucketScheme ? parts : parts.map(decoded);
  if (key.some((part) => /^\.{1,2}$|[\p{Cc}/\\]/u.test(part))) return null;
  return { scheme, bucket, key: key.join('/'), query };
}

/** A name that cannot be decoded is taken for one that leads nowhere. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '..';
  }
}

/**
 * Where a file is that a request names by a path. Paths of the contract say nothing about credentials, so that a bucket is one of
 *
 * - the registered directory that leads to it, or to a folder above the file; of several the nearest one,
 * - a registered directory of its name, whatever storage that is at,
 * - a place that the caller's credential opens: the one that is named, or the only one that he has for the scheme.
 *
 * Null: none of them; `location:any` alone opens no bucket, since nobody knows with which keys. Throws `field-invalid` where it could be several
 * credentials.
 */
export async function findPlace(
  service: Pick<Service, 'listDirectories' | 'listCredentials'>,
  context: CallContext,
  path: StoragePath,
  credential: string | null,
): Promise<PlacedFile | null> {
  const { scheme, bucket, key, query } = path;
  const [folder, name] = splitLast(key);
  if (credential !== null) return { location: urlOf(path, folder, credential), file: name };
  const directories = await service.listDirectories(context);
  const above = directories
    .map((directory) => ({ directory: directory.name, rest: restBelow(directory.url, path) }))
    .filter((each): each is { directory: string; rest: string } => each.rest !== null && each.rest !== '')
    .toSorted((a, b) => a.rest.length - b.rest.length)[0];
  if (above !== undefined && query === '') {
    return { location: { type: 'directory', directory: above.directory }, file: above.rest };
  }
  if (scheme === bucketScheme && directories.some((directory) => directory.name === bucket)) {
    return { location: { type: 'directory', directory: bucket }, file: key };
  }
  const own = (await service.listCredentials(context)).filter(
    ({ type, owner }) => type === scheme && owner === context.caller.name,
  );
  if (own.length > 1) {
    throw new AppError('field-invalid', {
      field: 'credential',
      message: `You have several credentials of the type ${scheme}.`,
      hint: 'Name one as credential in the body.',
    });
  }
  const [only] = own;
  if (only !== undefined) return { location: urlOf(path, folder, only.name), file: name };
  return scheme === bucketScheme ? null : { location: urlOf(path, folder, null), file: name };
}

/** The scheme of the contract. */
export const bucketScheme = 'obs';

const urlOf = ({ scheme, bucket, query }: StoragePath, folder: string, credential: string | null) =>
  ({
    type: 'url',
    url: `${scheme}://${bucket}/${folder.split('/').map(encodeURIComponent).join('/')}${query}`,
    credential,
  }) as const;

/** What a path has beyond the place of a directory; null: it is elsewhere. */
function restBelow(directory: string, path: StoragePath): string | null {
  const base = readStoragePath(directory);
  if (base === null || base.scheme !== path.scheme || base.bucket !== path.bucket) return null;
  if (base.key === '') return path.key;
  return path.key.startsWith(`${base.key}/`) ? path.key.slice(base.key.length + 1) : null;
}

const splitLast = (key: string): readonly [string, string] => {
  const at = key.lastIndexOf('/');
  return at < 0 ? ['', key] : [key.slice(0, at), key.slice(at + 1)];
};
