import { XMLParser } from 'fast-xml-parser';
import { AppError } from '../../core/errors.ts';

/** One resource of a 207 answer. */
export interface DavResource {
  /** As the server wrote it: an absolute path or a URL, percent-encoded. */
  readonly href: string;
  readonly isFolder: boolean;
  /** Null: not told. */
  readonly bytes: number | null;
  /** Milliseconds from the epoch by the server's clock; null: not told. */
  readonly modifiedMs: number | null;
  /** Bytes that can still be written there; null: not told, or no limit. */
  readonly freeBytes: number | null;
}

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  // Never `response` alone instead of a list of one.
  isArray: (name) => name === 'response' || name === 'propstat',
});

/** The resources of a multistatus document (RFC 4918). Throws `storage-failed` for anything else. */
export function parseMultistatus(text: string): readonly DavResource[] {
  const responses = responsesOf(text);
  if (responses === null) {
    throw new AppError('storage-failed', {
      message:
        'The server answers a question for properties (PROPFIND) with something else than a multistatus document.',
      hint: 'Check that the location is a WebDAV folder.',
      operation: 'list',
      temporary: false,
    });
  }
  return responses.flatMap((response) => {
    const href = textOf(field(response, 'href'));
    if (href === '') return [];
    const props = listOf(field(response, 'propstat'))
      .filter((propstat) => / 2\d\d /.test(` ${textOf(field(propstat, 'status'))} `))
      .map((propstat) => field(propstat, 'prop'));
    const first = (name: string): unknown =>
      props.map((prop) => field(prop, name)).find((value) => value !== undefined);
    const type = first('resourcetype');
    return [
      {
        href,
        isFolder: typeof type === 'object' && type !== null && 'collection' in type,
        bytes: numberOf(first('getcontentlength')),
        modifiedMs: timeOf(textOf(first('getlastmodified'))),
        freeBytes: numberOf(first('quota-available-bytes')),
      },
    ];
  });
}

/** Null: the document is no multistatus. */
function responsesOf(text: string): readonly unknown[] | null {
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch {
    return null;
  }
  const root = field(document, 'multistatus');
  return root === undefined ? null : listOf(field(root, 'response'));
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Negative numbers are some servers' words for "unknown" and "without limit". */
function numberOf(value: unknown): number | null {
  const text = textOf(value);
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function timeOf(text: string): number | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
