import path from 'node:path';
import { pathToFileURL } from 'node:url';

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
