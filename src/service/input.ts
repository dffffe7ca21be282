import { defaultDirectory } from '../core/default-directory.ts';
import { AppError } from '../core/errors.ts';
import { mostPriority } from '../core/job.ts';
import { type LocationRequest, leastFileSize } from '../core/request.ts';
import { parseLocationUrl } from '../operations/environment.ts';

/*
 * Readers of request fields. Input may come from the JSON of any API or from a command line, so that no type is taken on trust.
 * Each reader throws `field-invalid` naming the field in the spelling of the native API, and says what to give instead.
 */

/** Longest text of a field where nothing else bounds it, in characters. */
const longestText = 4096;
/** Most entries of one list. */
const longestList = 1000;

export const fieldInvalid = (field: string, problem: string, hint: string): AppError =>
  new AppError('field-invalid', { field, message: `${field} ${problem}.`, hint });

/** How messages speak of a value: itself where it is short, else its type. */
export function spell(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value.length > 60 ? 'a long text' : JSON.stringify(value);
  return String(value);
}

/** A text that must be there. */
export function readText(value: unknown, field: string, hint: string, longest = longestText): string {
  if (value === undefined || value === null) throw fieldInvalid(field, 'is missing', hint);
  if (typeof value !== 'string') throw fieldInvalid(field, `must be a text, not ${spell(value)}`, hint);
  if (value === '') throw fieldInvalid(field, 'is empty', hint);
  if (value.length > longest) throw fieldInvalid(field, `is longer than ${longest} characters`, hint);
  if (value.includes('\0')) throw fieldInvalid(field, 'holds a NUL character', hint);
  return value;
}

/** As {@link readText}, and it may be empty; it must be there all the same. */
export const readPossiblyEmpty = (value: unknown, field: string, hint: string, longest: number): string =>
  value === '' ? '' : readText(value, field, hint, longest);

/** Name of a credential; null when absent. */
export function readCredentialName(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  return readText(value, field, 'Name a credential; pumphouse credential list shows your own.', 63);
}

/** A list of texts; absent is empty. */
export function readTexts(value: unknown, field: string, hint: string, longest: number): readonly string[] {
  return readList(value, field, hint).map((item, index) =>
    readText(item, `${field}[${index}]`, hint, longest),
  );
}

/** A list; absent is empty. */
export function readList(value: unknown, field: string, hint: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fieldInvalid(field, `must be a list, not ${spell(value)}`, hint);
  if (value.length > longestList) throw fieldInvalid(field, `has more than ${longestList} entries`, hint);
  return value;
}

/** A list of objects, each read by `read` with the field that it stands at (`query[0]`); absent is empty. */
export function readEntries<T>(
  value: unknown,
  field: string,
  hint: string,
  read: (entry: Readonly<Record<string, unknown>>, field: string) => T,
): readonly T[] {
  return readList(value, field, hint).map((item, index) => {
    const place = `${field}[${index}]`;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      throw fieldInvalid(place, `must be an object, not ${spell(item)}`, hint);
    }
    return read(item as Readonly<Record<string, unknown>>, place);
  });
}

/** Yes or no; no when absent. */
export function readFlag(value: unknown, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw fieldInvalid(field, `must be true or false, not ${spell(value)}`, 'Use true or false.');
}

/** One of a list of words; undefined when absent. */
export function readChoice<T extends string>(
  value: unknown,
  field: string,
  choices: readonly T[],
): T | undefined {
  if (value === undefined || value === null) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw fieldInvalid(
    field,
    `must be ${choices.join(', ')}, not ${spell(value)}`,
    `Use ${choices.join(' or ')}.`,
  );
}

/** How rows are written; undefined when absent. Which words there are is the engine's to say. */
export function readEncoding(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return readText(value, 'encoding', 'Leave encoding out for the one that the engine prefers.', 63);
}

/** Threads of a job: 1 when absent; more than `most` becomes `most`. */
export function readThreads(value: unknown, most: number): number {
  if (value === undefined || value === null) return 1;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return Math.min(value, most);
  throw fieldInvalid(
    'threads',
    `must be a whole number of 1 or more, not ${spell(value)}`,
    `Leave threads out for 1; more than ${most} is lowered to ${most}.`,
  );
}

/** Priority of a job; undefined when absent. */
export function readPriority(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= mostPriority) return value;
  throw fieldInvalid(
    'priority',
    `must be a whole number from -${mostPriority} to ${mostPriority}, not ${spell(value)}`,
    'Leave priority out for 0; jobs of a higher one go first.',
  );
}

const locationHint = "Give {type: 'directory', directory: NAME} or {type: 'url', url: 's3://bucket/prefix'}.";

/** Where dump files are; DATA_PUMP_DIR when absent. Whether the place exists is another question. */
export function readLocation(value: unknown): LocationRequest {
  if (value === undefined || value === null) return { type: 'directory', directory: defaultDirectory };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fieldInvalid('location', `must be an object, not ${spell(value)}`, locationHint);
  }
  const { type, directory, url, credential } = value as Record<string, unknown>;
  if (type === 'directory') {
    return {
      type,
      directory: readText(directory, 'directory', `Name a directory, such as ${defaultDirectory}.`, 63),
    };
  }
  if (type === 'url') {
    // Parsed before anything keeps it: a URL with a password in it is refused and stands nowhere.
    return {
      type,
      url: parseLocationUrl(
        readText(url, 'location', 'Give a storage URL such as file:///var/dumps.'),
        'location',
      ).href,
      credential: readCredentialName(credential, 'credential'),
    };
  }
  throw fieldInvalid('location.type', `must be directory or url, not ${spell(type)}`, locationHint);
}

/** A file pattern as given; undefined when absent, so that each kind of job can take its own default. Its rules are in dump/layout.ts. */
export function readFilePattern(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === 'string') return value;
  throw new AppError('file-name-invalid', {
    field: 'file_pattern',
    message: `file_pattern must be a text, not ${spell(value)}.`,
  });
}

/** Most bytes of a numbered dump file; null when absent. */
export function readFileSize(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= leastFileSize) return value;
  throw fieldInvalid(
    'file_size',
    `must be a whole number of bytes from ${leastFileSize}, not ${spell(value)}`,
    'Give a number of bytes such as 5368709120, or leave file_size out.',
  );
}

/** A request that must be an object. */
export function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new AppError('request-malformed', { message: `The request must be an object, not ${spell(value)}.` });
}

/** A filter on words, each of which must be known. */
export function readWords<T extends string>(
  words: readonly T[],
  field: string,
  known: readonly T[],
): readonly T[] {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return words;
  throw fieldInvalid(field, `has ${JSON.stringify(wrong)}`, `Use ${known.join(', ')}.`);
}

const longestPage = 1000;

/** How much of a list: 1 to 1000; `initial` when absent. */
export function readLimit(value: unknown, field: string, initial: number): number {
  if (value === undefined) return initial;
  const isPage = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= longestPage;
  if (isPage) return value;
  throw fieldInvalid(
    field,
    `must be a whole number from 1 to ${longestPage}`,
    `Leave it out for ${initial}.`,
  );
}

/** Number of the last entry that a reader has: 0 or more. */
export function readSeq(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw fieldInvalid(
    'after',
    'must be a whole number of 0 or more',
    'Give the number of the last entry that you have.',
  );
}
