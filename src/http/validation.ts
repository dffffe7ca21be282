import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { AppError } from '../core/errors.ts';
import { notAnObject, type RequestPart, schemaError } from './schema-error.ts';

// The branches of a union have complaints each, so that the usual eight would end before those about the branch that was meant.
Settings.Set({ maxErrors: 500 });

/** The parts of JSON Schema that are looked at here. */
interface SchemaNode {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly TSchema[];
  readonly properties?: Readonly<Record<string, TSchema>>;
}

const nodeOf = (schema: TSchema): SchemaNode => schema as SchemaNode;

/** A schema is compiled when its route is first called, so that starting costs nothing. */
function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The member by whose constant value the branches of a union differ (`kind`); null if there is none. */
function discriminatorOf(branches: readonly TSchema[]): string | null {
  const [first, ...others] = branches.map((branch) => nodeOf(branch).properties ?? {});
  const isConstant = (properties: Readonly<Record<string, TSchema>>, name: string): boolean => {
    const property = properties[name];
    return property !== undefined && nodeOf(property).const !== undefined;
  };
  return (
    Object.keys(first ?? {}).find(
      (name) => isConstant(first ?? {}, name) && others.every((properties) => isConstant(properties, name)),
    ) ?? null
  );
}

/** Checks one part of a request; throws `request-malformed` or `field-invalid`. */
export type Validate = (value: unknown) => void;

/**
 * The check of a request part against its schema. In a union of objects told apart by a constant member, that member
 * alone chooses the branch, so that complaints are about what the caller meant.
 */
export function validatorOf(part: RequestPart, schema: TSchema): Validate {
  const branches = nodeOf(schema).anyOf ?? [];
  const discriminator = branches.length > 1 ? discriminatorOf(branches) : null;
  if (discriminator === null) return plainValidator(part, schema);

  const byWord = new Map(
    branches.map((branch) => {
      const word = nodeOf(nodeOf(branch).properties?.[discriminator] as TSchema).const;
      return [word, plainValidator(part, branch)] as const;
    }),
  );
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject(part);
    const word = (value as Readonly<Record<string, unknown>>)[discriminator];
    const validate = byWord.get(word);
    if (validate !== undefined) return validate(value);
    const words = [...byWord.keys()].join(', ');
    throw new AppError(word === undefined ? 'request-malformed' : 'field-invalid', {
      message:
        word === undefined
          ? `The field ${discriminator} is missing.`
          : `The field ${discriminator} is none of ${words}.`,
      field: discriminator,
      hint: `Give one of ${words} as ${discriminator}.`,
    });
  };
}

function plainValidator(part: RequestPart, schema: TSchema): Validate {
  const compiled = lazily(() => Compile(schema));
  return (value) => {
    const validator = compiled();
    if (!validator.Check(value)) throw schemaError(part, schema, value, validator.Errors(value));
  };
}

/** What is wrong with an answer, for the log; null when it is as declared. */
export type CheckAnswer = (value: unknown) => string | null;

/** The check of an answer against its declared schema. */
export function answerCheckOf(schema: TSchema): CheckAnswer {
  const compiled = lazily(() => Compile(schema));
  return (value) => {
    const validator = compiled();
    if (validator.Check(value)) return null;
    return validator
      .Errors(value)
      .slice(0, 3)
      .map((error) => `${error.instancePath || '/'} ${error.message}`)
      .join('; ');
  };
}

/**
 * Query parameters are texts: those declared as numbers, booleans or lists become such where the text is one.
 * What cannot be converted stays as it is, for the validator to complain about.
 */
export function convertQuery(
  schema: TSchema | undefined,
  query: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const properties = (schema === undefined ? undefined : nodeOf(schema).properties) ?? {};
  // Own members only, whatever their names: fromEntries defines, an assignment to __proto__ would not.
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, property === undefined ? value : convertOne(nodeOf(property).type, value)];
    }),
  );
}

function convertOne(type: string | undefined, value: unknown): unknown {
  if (type === 'array') return Array.isArray(value) ? value : [value];
  if (typeof value !== 'string') return value;
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}
