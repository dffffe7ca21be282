import { AppError, withField } from '../core/errors.ts';
import type { LocationRequest, OwnFileRequest } from '../core/request.ts';
import { checkFileName } from '../storages/file-name.ts';

/** Names that a sentence lists. */
const listed = 5;
/** Parts that are counted; more are no set of parts but a number in a name. */
const mostParts = 1000;

/** The parts of one whole, as far as they are named. */
interface PartSet extends Pick<Part, 'before' | 'of' | 'after'> {
  readonly there: Set<number>;
  /** Digits that numbers have at least. */
  width: number;
}

/**
 * Names that say of which parts they are one (`cache-1_of_3.gz`) must come with all the others of their place: a database of several
 * shards of which one is missing would look whole. Throws `field-invalid` (field `own_files`) naming what is missing, or given twice, and
 * `file-name-invalid` naming the entry.
 */
export function checkOwnFileNames(files: readonly OwnFileRequest[]): void {
  const seen = new Set<string>();
  const sets = new Map<string, PartSet>();
  for (const [index, { location, file }] of files.entries()) {
    checkName(file, `own_files[${index}].file`);
    const place = placeOf(location);
    const key = JSON.stringify([place, file]);
    if (seen.has(key)) throw refused(`names ${file} twice`, 'Name each file once.');
    seen.add(key);
    const part = partOf(file);
    if (part !== null) addPart(sets, place, part);
  }
  for (const set of sets.values()) refuseIncomplete(set);
}

function checkName(file: string, field: string): void {
  try {
    checkFileName(file);
  } catch (error) {
    throw withField(error, field);
  }
}

function addPart(sets: Map<string, PartSet>, place: readonly string[], part: Part): void {
  const { before, digits, of, after } = part;
  const key = JSON.stringify([place, before, of, after]);
  const set = sets.get(key) ?? { before, of, after, there: new Set(), width: 0 };
  sets.set(key, set);
  set.there.add(Number(digits));
  if (digits.startsWith('0')) set.width = Math.max(set.width, digits.length);
}

function refuseIncomplete({ before, of, after, there, width }: PartSet): void {
  const missing = Array.from({ length: Number(of) }, (_, index) => index + 1).filter(
    (part) => !there.has(part),
  );
  if (missing.length === 0) return;
  const names = missing
    .slice(0, listed)
    .map((part) => `${before}${String(part).padStart(width, '0')}_of_${of}${after}`);
  const more = missing.length > listed ? ` and ${missing.length - listed} more` : '';
  throw refused(
    `lacks ${names.join(', ')}${more}`,
    `The names say that there are ${Number(of)} files; give all of them. Where they are no parts of one whole, rename them.`,
  );
}

/** What a name says of the parts that it is one of. */
interface Part {
  readonly before: string;
  readonly digits: string;
  /** Digits too. */
  readonly of: string;
  readonly after: string;
}

/** Null: nothing. */
function partOf(file: string): Part | null {
  const start = file.lastIndexOf('/') + 1;
  const found = /(?<!\d)(\d+)_of_(\d+)/.exec(file.slice(start));
  if (found === null) return null;
  const [text, digits = '', of = ''] = found;
  const at = start + found.index;
  const [number, count] = [Number(digits), Number(of)];
  return number < 1 || number > count || count > mostParts
    ? null
    : { before: file.slice(0, at), digits, of, after: file.slice(at + text.length) };
}

/** The same place may be entered with several credentials. */
const placeOf = (location: LocationRequest): readonly string[] =>
  location.type === 'directory' ? ['directory', location.directory] : ['url', location.url];

const refused = (problem: string, hint: string): AppError =>
  new AppError('field-invalid', { field: 'own_files', message: `own_files ${problem}.`, hint });
