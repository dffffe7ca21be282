import { AppError } from '../../core/errors.ts';
import { badRequest } from './refusal.ts';

/** A JSON object as it came. */
export type Body = Readonly<Record<string, unknown>>;

/** How messages speak of a value: by its type, since it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A value that must be an object; `where` is its place in the request. */
export function objectAt(value: unknown, where: string): Body {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  if (value === undefined) throw badRequest(`${where} is missing: it must be an object.`);
  throw badRequest(`${where} must be an object, not ${kindOf(value)}.`);
}

/** Longer lists are in the schema, and no help in a message. */
const mostListed = 20;

/** Throws for an attribute that the call does not know; its name is repeated where it looks like one. */
export function refuseUnknown(body: Body, known: readonly string[], where: string): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const shown = /^[\w-]{1,60}$/.test(unknown) ? ` ${unknown}` : '';
  const taken = known.length > mostListed ? '' : `; it takes ${known.join(', ')}`;
  throw badRequest(`${where} has the unknown attribute${shown}${taken}.`);
}

/** A text that must be there and not be empty. */
export function requiredText(body: Body, name: string, where: string): string {
  const value = body[name];
  if (value === undefined || value === null) throw badRequest(`${where}.${name} is missing.`);
  if (typeof value !== 'string') throw badRequest(`${where}.${name} must be a string, not ${kindOf(value)}.`);
  if (value === '') throw badRequest(`${where}.${name} is empty.`);
  if (value.includes('\0')) throw badRequest(`${where}.${name} holds a NUL character.`);
  return value;
}

/** A text that may be missing; null and '' count as such. */
export function optionalText(body: Body, name: string, where: string): string | null {
  const value = body[name];
  return value === undefined || value === null || value === '' ? null : requiredText(body, name, where);
}

/** Yes or no; `initial` where it is missing. */
export function flagOf(body: Body, name: string, initial: boolean): boolean {
  const value = body[name];
  if (value === undefined || value === null) return initial;
  if (typeof value === 'boolean') return value;
  throw badRequest(`${name} must be true or false, not ${kindOf(value)}.`);
}

/** The body of a request that has to have one. */
export function requiredBody(body: unknown): Body {
  if (body !== undefined) return objectAt(body, 'The request body');
  throw new AppError('request-malformed', { message: 'The request has no body.', hint: '' });
}
