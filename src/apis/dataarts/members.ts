import { badRequest } from './refusal.ts';

/** A JSON object as it came. */
export type Body = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value that must be an object; `name` is its place in the request. */
export function objectAt(value: unknown, name: string): Body {
  if (isObject(value)) return value;
  throw badRequest(`${name} must be an object.`);
}

/** The body of a request, all of whose members may be missing, and the body itself too. */
export const optionalBody = (value: unknown): Body =>
  value === undefined || value === null ? {} : objectAt(value, 'The request body');

/** A text that may be missing; null counts as such. */
export function textOf(body: Body, name: string): string | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return value;
  throw badRequest(`${name} must be a string.`);
}

/** One of the words; `initial` where it is missing. */
export function wordOf<T extends string>(body: Body, name: string, words: readonly T[], initial: T): T {
  const value = textOf(body, name);
  const word = value === null ? initial : words.find((each) => each === value);
  if (word === undefined) throw badRequest(`${name} must be one of ${words.join(', ')}.`);
  return word;
}

/** Yes or no; `initial` where it is missing. */
export function flagOf(body: Body, name: string, initial: boolean): boolean {
  const value = body[name];
  if (value === undefined || value === null) return initial;
  if (typeof value === 'boolean') return value;
  throw badRequest(`${name} must be true or false.`);
}

/** The objects of a list that may be missing. */
export function objectsOf(body: Body, name: string): readonly Body[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest(`${name} must be an array.`);
  return value.map((entry, index) => objectAt(entry, `${name}[${index}]`));
}

/** Texts by name, as parameters come; numbers and truth values are taken as their text. */
export function textsByName(value: unknown, name: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(
    Object.entries(objectAt(value, name)).map(([key, text]) => [key, parameterText(text, `${name}.${key}`)]),
  );
}

/** The value of a parameter as a text; a missing one is empty. */
export function parameterText(value: unknown, name: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw badRequest(`${name} must be a string.`);
}
