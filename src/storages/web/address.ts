import { AppError } from '../../core/errors.ts';
import { checkFileName } from '../file-name.ts';

/** Addresses below one base URL, which ends in a slash. */
export interface WebAddress {
  readonly base: URL;
  /** Printable, without secrets. */
  readonly description: string;
  /** Of the file `name`; throws `file-name-invalid`. */
  of(name: string): URL;
  /** Of a folder below the base, `''` for the base itself. Ends in a slash. */
  folder(name: string): URL;
  /** How errors name a file: the description with the name as it is. */
  subject(name: string): string;
}

/**
 * @param base may hold a query, which all addresses keep; `segmentsOf` has passed what a user gave as location
 * @param description of the location, which is shown instead of the base
 */
export function webAddress(base: URL, description: string): WebAddress {
  const root = new URL(base);
  root.pathname = withSlash(encodePath(decodedPath(base)));
  const shown = description.replace(/\/+$/, '');
  const below = (name: string, end: '' | '/'): URL => {
    const url = new URL(root);
    url.pathname = name === '' ? root.pathname : `${root.pathname}${encodePath(name.split('/'))}${end}`;
    return url;
  };
  return {
    base: root,
    description: shown,
    of(name) {
      checkFileName(name);
      return below(name, '');
    },
    folder: (name) => below(name, '/'),
    subject: (name) => (name === '' ? shown : `${shown}/${name}`),
  };
}

/**
 * The decoded parts of a location's path, without empty ones. Throws `location-invalid`, also for parts that some server takes for more than
 * one, or for a folder above.
 */
export function segmentsOf(url: URL): readonly string[] {
  const parts = decodedPath(url);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!parts.some((part) => /^\.{1,2}$|[/\\\u0000-\u001f\u007f]/.test(part))) return parts;
  throw new AppError('location-invalid', {
    message:
      'The path of the storage URL has a part that is . or .., or holds a slash, backslash or control character.',
    hint: 'Write plain parts with / between them.',
  });
}

/** The decoded parts of any URL's path, without empty ones. Throws `location-invalid`. */
export function decodedPath({ pathname }: URL): readonly string[] {
  try {
    return pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw new AppError('location-invalid', {
      message: 'The path of the storage URL is not well encoded.',
      hint: 'Write % in a name as %25.',
    });
  }
}

export const encodePath = (segments: readonly string[]): string => segments.map(encodeURIComponent).join('/');

const withSlash = (path: string): string => (path === '' ? '/' : `/${path}/`);
