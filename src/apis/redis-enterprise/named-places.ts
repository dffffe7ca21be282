import { fileURLToPath, pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { ownCredentialName } from '../../core/job-credential.ts';
import type { LocationRequest } from '../../core/request.ts';
import type { CallContext, DirectoryView, Service } from '../../service/service.ts';
import type { OwnCredential } from '../../service/start-input.ts';
import type { Place } from './locations.ts';
import { notAcceptable } from './refusal.ts';

/** A place as a start request names it. */
export interface NamedPlace {
  readonly location: LocationRequest;
  /** The folder within the location; '' for the location itself. Only within directories. */
  readonly folder: string;
}

/** Gives places their locations, and collects the credentials that go with the job. */
export interface PlaceNames {
  readonly credentials: readonly OwnCredential[];
  /** Throws 406 for a path outside of every registered directory. */
  name(place: Place): Promise<NamedPlace>;
}

/** For the places of one request: equal credentials go with the job once. */
export function createPlaceNames(service: Service, context: CallContext): PlaceNames {
  const credentials: OwnCredential[] = [];
  let directories: Promise<readonly DirectoryView[]> | null = null;

  function credentialName(credential: OwnCredential): string {
    const known = credentials.findIndex((each) => isDeepStrictEqual(each, credential));
    if (known >= 0) return ownCredentialName(known);
    credentials.push(credential);
    return ownCredentialName(credentials.length - 1);
  }

  return {
    credentials,
    async name({ address, credential }) {
      if ('path' in address) {
        directories ??= service.listDirectories(context);
        return mountedPlace(address.path, await directories);
      }
      const { url } = address;
      const name = credential === null ? null : credentialName(credential);
      return { location: { type: 'url', url, credential: name }, folder: '' };
    },
  };
}

/** A path of this machine: the registered directory that it lies in, the innermost one. */
export function mountedPlace(path: string, directories: readonly DirectoryView[]): NamedPlace {
  const wanted = withoutEndSlash(path);
  const [innermost] = directories
    .flatMap(({ name, url }) => {
      if (!url.startsWith('file:')) return [];
      const root = withoutEndSlash(fileURLToPath(url));
      const isInside = wanted === root || wanted.startsWith(root === '/' ? '/' : `${root}/`);
      return isInside ? [{ name, root }] : [];
    })
    .toSorted((a, b) => b.root.length - a.root.length);
  if (innermost === undefined) {
    throw notAcceptable(
      'The path of the mount_point lies in no directory of this service: an administrator can add it (pumphouse directory add NAME PATH).',
    );
  }
  const { name, root } = innermost;
  const folder = wanted === root ? '' : wanted.slice(root === '/' ? 1 : root.length + 1);
  return { location: { type: 'directory', directory: name }, folder };
}

/** The same place without a folder of its own, by its path: for administrators, since the service lets nobody else name paths. */
export const pathLocation = (path: string): LocationRequest => ({
  type: 'url',
  url: pathToFileURL(path).href,
  credential: null,
});

const withoutEndSlash = (path: string): string => (path === '/' ? path : path.replace(/\/+$/, ''));
