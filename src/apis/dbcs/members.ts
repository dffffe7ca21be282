import { AppError } from '../../core/errors.ts';

/** A JSON object as it came; members that the contract does not name are left alone. */
export type Body = Readonly<Record<string, unknown>>;

/** A request that is not as the contract says: 400. */
export const badRequest = (field: string, message: string): AppError =>
  new AppError('field-invalid', { field, message, hint: '' });

/** The body of a request; one that is missing is `{}`. */
export function bodyOf(body: unknown): Body {
  if (body === undefined) return {};
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  throw badRequest('body', 'The request body must be a JSON object.');
}

/** Yes or no; false where it is missing. */
export function flagOf(body: Body, name: string): boolean {
  const value = body[name];
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw badRequest(name, `${name} must be true or false.`);
}
