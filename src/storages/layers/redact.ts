import { inspect } from 'node:util';
import type { Secret } from '../../base/secret.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Storage } from '../storage.ts';

/** Shorter texts stand in messages by chance. */
const leastLength = 6;

/**
 * Keeps a secret out of errors, and so out of logs, jobs and answers. Drivers never put one there; client libraries, servers that quote
 * requests, and mistakes may.
 */
export function withRedaction(storage: Storage, secret: Secret): Storage {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw redacted(error, secret);
    }
  };
  async function* iterate<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw redacted(error, secret);
    }
  }

  return {
    description: storage.description,
    keeps: storage.keeps,
    lists: storage.lists,
    put: (name, source, options, context) => call(() => storage.put(name, source, options, context)),
    get: (name, range, context) => iterate(storage.get(name, range, context)),
    stat: (name, context) => call(() => storage.stat(name, context)),
    list: (prefix, context) => iterate(storage.list(prefix, context)),
    remove: (name, context) => call(() => storage.remove(name, context)),
    sweep: (prefix, context) => call(() => storage.sweep(prefix, context)),
    freeBytes: (context) => call(() => storage.freeBytes(context)),
    probe: (context) => call(() => storage.probe(context)),
  };
}

/** As it stands in headers, URLs, JSON and Basic authentication. */
function spellingsOf(secret: string): readonly string[] {
  const lines = secret.split('\n').map((line) => line.trim());
  const spellings = [secret, ...lines].flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
  ]);
  // The longest first, so that nothing of it is left beside a part of it.
  return [...new Set(spellings)]
    .filter((text) => text.length >= leastLength && !isFrame(text))
    .sort((a, b) => b.length - a.length);
}

/** The first and last line of a key in PEM, which everybody knows. */
const isFrame = (text: string): boolean => /^-----(BEGIN|END) [A-Z ]+-----$/.test(text);

/** The error itself, or one like it without the secret and without the causes that hold it. */
export function redacted(error: unknown, secret: Secret): unknown {
  const spellings = spellingsOf(secret.reveal());
  const holds = (text: string): boolean => spellings.some((spelling) => text.includes(spelling));
  // As a log would print it, with its causes.
  if (!holds(inspect(error, { depth: 8, maxStringLength: null, breakLength: Number.POSITIVE_INFINITY })))
    return error;
  const clean = (text: string): string =>
    spellings.reduce((text, spelling) => text.replaceAll(spelling, '[secret]'), text);
  const { code, message, hint, field, operation, context, temporary } = toAppError(error);
  return new AppError(code, {
    message: clean(message),
    hint: clean(hint),
    context: Object.fromEntries(
      Object.entries(context).map(([name, value]) => [
        name,
        typeof value === 'string' ? clean(value) : value,
      ]),
    ),
    temporary,
    ...(field === undefined ? {} : { field }),
    ...(operation === undefined ? {} : { operation }),
  });
}
