import type { ErrorCode } from '../core/error-catalogue.ts';
import { AppError } from '../core/errors.ts';

/** By code unit, whatever the database's collation. */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

export const exists = (code: ErrorCode, what: string, name: string): AppError =>
  new AppError(code, { message: `There is a ${what} ${JSON.stringify(name)} already.`, field: 'name' });

export const unknown = (code: ErrorCode, what: string, name: string): AppError =>
  new AppError(code, { message: `There is no ${what} ${JSON.stringify(name)}.`, field: 'name' });
