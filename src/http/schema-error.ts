import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { quantity } from '../base/quantity.ts';
import { AppError } from '../core/errors.ts';
import { ofMeantBranches } from './meant-branches.ts';

/** Which part of a request a schema is about. */
export type RequestPart = 'body' | 'query' | 'params';

const partNames: Readonly<Record<RequestPart, string>> = {
  body: 'request body',
  query: 'query',
  params: 'address',
};
const memberNames: Readonly<Record<RequestPart, string>> = {
  body: 'field',
  query: 'query parameter',
  params: 'part of the address',
};

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** `/remap_schemas/0/source` -> `remap_schemas[0].source`. */
export function fieldOfPointer(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

function valueAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at;
}

const choices = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** What the value should have been, from all complaints about one and the same place. */
function demandOf(errors: readonly TLocalizedValidationError[]): string {
  const allowed = errors.flatMap((error) =>
    error.keyword === 'const'
      ? [error.params.allowedValue]
      : error.keyword === 'enum'
        ? error.params.allowedValues
        : [],
  );
  if (allowed.length > 0) return `one of ${choices(allowed.map(String))}`;
  const types = errors.flatMap((error) => (error.keyword === 'type' ? [error.params.type].flat() : []));
  if (types.length > 0) return choices([...new Set(types)].map((type) => typeNames[type] ?? type));
  const error = errors[0] as TLocalizedValidationError;
  switch (error.keyword) {
    case 'minimum':
      return `${error.params.limit} or more`;
    case 'exclusiveMinimum':
      return `more than ${error.params.limit}`;
    case 'maximum':
      return `${error.params.limit} or less`;
    case 'exclusiveMaximum':
      return `less than ${error.params.limit}`;
    case 'minLength':
      return error.params.limit === 1
        ? 'a text that is not empty'
        : `a text of at least ${quantity(error.params.limit, 'character')}`;
    case 'maxLength':
      return `a text of at most ${quantity(error.params.limit, 'character')}`;
    case 'minItems':
      return `a list of at least ${quantity(error.params.limit, 'item')}`;
    case 'maxItems':
      return `a list of at most ${quantity(error.params.limit, 'item')}`;
    case 'uniqueItems':
      return 'a list without repetitions';
    case 'pattern':
      return `a text that matches ${String(error.params.pattern)}`;
    case 'format':
      return `a valid ${error.params.format}`;
    default:
      return `a value that follows the API description (${error.message})`;
  }
}

/** The offending value where it is short and cannot be a secret: numbers, booleans, null, and words tried where only some are allowed. */
function spelledOut(value: unknown, errors: readonly TLocalizedValidationError[]): string {
  const wantsText = errors.some(
    ({ keyword, params }) => keyword === 'type' && [params.type].flat().includes('string'),
  );
  // It may be a password whose quotes were forgotten.
  if (typeof value === 'number' && wantsText) return '';
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return ` (not ${value})`;
  const isChoice = errors.some((error) => error.keyword === 'const' || error.keyword === 'enum');
  if (isChoice && typeof value === 'string' && value.length <= 40) return ` (not ${JSON.stringify(value)})`;
  return '';
}

export const notAnObject = (part: RequestPart): AppError =>
  new AppError('request-malformed', { message: `The ${partNames[part]} has to be an object.` });

const knownMembers = (schema: TSchema): readonly string[] =>
  Object.keys((schema as { readonly properties?: object }).properties ?? {});

/**
 * One clear error out of a validator's complaints: names the field, what it has to be, and the remedy.
 * A wrong shape (not an object, unknown or missing members) is `request-malformed`, a wrong value `field-invalid`.
 */
export function schemaError(
  part: RequestPart,
  schema: TSchema,
  value: unknown,
  complaints: readonly TLocalizedValidationError[],
): AppError {
  const errors = ofMeantBranches(complaints);
  const rootType = errors.find((error) => error.instancePath === '' && error.keyword === 'type');
  if (rootType?.keyword === 'type') {
    return rootType.params.type === 'object'
      ? notAnObject(part)
      : new AppError('request-malformed', {
          message: `The ${partNames[part]} has to be ${demandOf([rootType])}.`,
        });
  }
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  if (unknown !== undefined) {
    const at = `${unknown.instancePath}/${unknown.params.additionalProperties[0]}`;
    const known = unknown.instancePath === '' ? knownMembers(schema) : [];
    return new AppError('request-malformed', {
      message: `The ${memberNames[part]} ${fieldOfPointer(at)} is unknown.`,
      field: fieldOfPointer(at),
      ...(known.length > 0 ? { hint: `Leave it out; known are ${choices(known)}.` } : {}),
    });
  }
  const missing = errors.find((error) => error.keyword === 'required');
  if (missing !== undefined) {
    const field = fieldOfPointer(`${missing.instancePath}/${missing.params.requiredProperties[0]}`);
    return new AppError('request-malformed', {
      message: `The ${memberNames[part]} ${field} is missing.`,
      field,
      hint: `Add ${field}; the API description at /openapi.json tells what it holds.`,
    });
  }
  const first = errors.find((error) => error.keyword !== 'anyOf' && error.keyword !== 'boolean') ?? errors[0];
  if (first === undefined) {
    return new AppError('request-malformed', {
      message: `The ${partNames[part]} is not of the declared shape.`,
    });
  }
  const here = errors.filter((error) => error.instancePath === first.instancePath);
  const field = fieldOfPointer(first.instancePath);
  const demand = demandOf(here.filter((error) => error.keyword !== 'anyOf'));
  return new AppError('field-invalid', {
    message: `The ${memberNames[part]} ${field} has to be ${demand}${spelledOut(valueAt(value, first.instancePath), here)}.`,
    field,
    hint: `Give ${demand} as ${field}.`,
  });
}
