import { AppError } from '../../core/errors.ts';

/** A folder of a file server: `scheme://user@host:port/path`. */
export interface FolderLocation {
  /** As the URL has it: an IPv6 address in brackets. */
  readonly host: string;
  /** Null: the scheme's own. */
  readonly port: number | null;
  readonly user: string | null;
  /** What `/name` is put after: '' for the server's root, `/srv/dumps`, `.` for the user's home folder, `./dumps`. */
  readonly base: string;
  /** The URL without password and query. */
  readonly description: string;
}

/**
 * Reads the URL of a folder. The path is percent-decoded once, and counts from the server's root; `/~/path` counts from the folder that the
 * user comes to. Throws `location-invalid`.
 */
export function folderLocation(url: URL, example: string): FolderLocation {
  const invalid = (fault: string): AppError =>
    new AppError('location-invalid', {
      message: `The storage URL ${JSON.stringify(description)} ${fault}.`,
      hint: `Give host and folder: ${example}; a path below the home folder begins with /~/.`,
    });
  const decoded = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw invalid('holds a % that begins no character; write %25 for it');
    }
  };
  const user = url.username === '' ? '' : `${url.username}@`;
  const description = `${url.protocol}//${user}${url.host}${url.pathname.replace(/\/+$/, '')}`;
  if (url.hostname === '') throw invalid('names no host');
  const parts = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  for (const part of parts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[/\u0000-\u001f\u007f]/.test(part))
      throw invalid('has a slash or a control character inside a name');
    if (part === '..' || part === '.') throw invalid(`holds the part ${part}`);
  }
  const base = parts[0] === '~' ? ['.', ...parts.slice(1)] : ['', ...parts];
  const name = decoded(url.username);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) throw invalid('has a control character in the user name');
  return {
    host: url.hostname,
    port: url.port === '' ? null : Number(url.port),
    user: name === '' ? null : name,
    base: base.join('/'),
    description,
  };
}

/** The folder of a path (or base), in the same form as bases. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** A base or folder as a path of its own. */
export const asPath = (folder: string): string => (folder === '' ? '/' : folder);
