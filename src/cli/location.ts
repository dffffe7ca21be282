import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * How the API spells a location of the command line: a storage URL, a path (anything with a separator, or beginning with a dot), or the
 * name of a directory.
 */
export function locationFields(text: string | undefined): {
  readonly directory?: string;
  readonly location?: string;
} {
  if (text === undefined) return {};
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return { location: text };
  if (text.startsWith('.') || text.includes('/') || text.includes(path.sep))
    return { location: pathToFileURL(path.resolve(text)).href };
  return { directory: text };
}

/** The same as query parameters. */
export function locationQuery(text: string | undefined, filePattern?: string): string {
  const query = new URLSearchParams({
    ...locationFields(text),
    ...(filePattern === undefined ? {} : { file_pattern: filePattern }),
  });
  return query.size === 0 ? '' : `?${query}`;
}
