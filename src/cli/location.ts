import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../core/errors.ts';

/**
 * How the API spells a location of the command line: a storage URL, a path (anything with a separator, or beginning with a dot), or the
 * name of a directory.
 */
export function locationFields(
  text: string | undefined,
  credential?: string,
): { readonly directory?: string; readonly location?: string; readonly credential?: string } {
  return { ...placeFields(text), ...(credential === undefined ? {} : { credential }) };
}

function placeFields(text: string | undefined): {
  readonly directory?: string;
  readonly location?: string;
} {
  if (text === undefined) return {};
  if (isUrl(text)) return { location: text };
  if (text.startsWith('.') || text.includes('/') || text.includes(path.sep))
    return { location: pathToFileURL(path.resolve(text)).href };
  return { directory: text };
}

/**
 * The same of one file: with a location, its name below that; else a storage URL or a path that ends in its name.
 * @throws AppError usage for one that ends in no name
 */
export function fileFields(
  text: string,
  location: string | undefined,
  credential?: string,
): ReturnType<typeof locationFields> & { readonly file: string } {
  if (location !== undefined) return { ...locationFields(location, credential), file: text };
  if (!isUrl(text)) {
    if (/(?:^|[\\/])\.{0,2}$/.test(text)) throw noFileName();
    const full = path.resolve(text);
    return { location: pathToFileURL(path.dirname(full)).href, file: path.basename(full) };
  }
  const url = URL.parse(text);
  const [, folder = '', last = ''] = /^(.*\/)([^/]+)$/s.exec(url?.pathname ?? '') ?? [];
  const name = decoded(last);
  if (url === null || name === '') throw noFileName();
  // What follows a question mark is about the place.
  url.pathname = folder;
  return { ...locationFields(url.href, credential), file: name };
}

const noFileName = (): AppError =>
  new AppError('usage', {
    field: 'own_files',
    message: '--own-file takes a path or a storage URL that ends in the name of the file.',
    hint: 'Write it as ./folder/file or s3://bucket/folder/file, or give the place as --from.',
  });

/** '' for what no text was encoded to. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** A storage URL, told from a path by its scheme. */
export const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(text);

/** The same as query parameters. */
export function locationQuery(
  text: string | undefined,
  { file: filePattern, credential }: { readonly file?: string; readonly credential?: string } = {},
): string {
  const query = new URLSearchParams({
    ...locationFields(text, credential),
    ...(filePattern === undefined ? {} : { file_pattern: filePattern }),
  });
  return query.size === 0 ? '' : `?${query}`;
}
