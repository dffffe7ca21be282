import type { TSchema } from 'typebox';

export type OpenApiVersion = '3.0' | '3.1';

/** Writes schemas for one document and collects its components. */
export interface SchemaWriter {
  write(schema: TSchema): Readonly<Record<string, unknown>>;
  components(): Readonly<Record<string, unknown>>;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keywords whose value is one schema, a list of schemas, or schemas by name. */
const one = ['items', 'additionalProperties', 'not'];
const many = ['anyOf', 'oneOf', 'allOf'];
const named = ['properties', 'patternProperties'];

/**
 * A writer of JSON Schema 2020-12 (OpenAPI 3.1 takes it as it is) or of the dialect of OpenAPI 3.0.
 * A schema with an `$id` is written once, as the component of that name, and referred to.
 */
export function createSchemaWriter(version: OpenApiVersion): SchemaWriter {
  const components: Json = {};

  function write(schema: unknown): Json {
    if (typeof schema === 'boolean') return schema ? {} : { not: {} };
    const { $id, ...rest } = schema as Json;
    if (typeof $id !== 'string') return convert(rest);
    if (!Object.hasOwn(components, $id)) {
      components[$id] = {};
      components[$id] = convert(rest);
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  function convert(schema: Json): Json {
    const written: Json = { ...schema };
    for (const key of one) {
      if (isObject(schema[key])) written[key] = write(schema[key]);
    }
    for (const key of many) {
      if (Array.isArray(schema[key])) written[key] = schema[key].map(write);
    }
    for (const key of named) {
      const members = schema[key];
      if (isObject(members)) {
        written[key] = Object.fromEntries(Object.entries(members).map(([name, each]) => [name, write(each)]));
      }
    }
    return version === '3.0' ? toOpenApi30(written) : written;
  }

  return { write, components: () => components };
}

const isNull = (schema: unknown): boolean => isObject(schema) && schema.type === 'null';

/** OpenAPI 3.0 has no `const`, no type `null`, no lists of types, no `patternProperties` and boolean exclusive bounds. */
function toOpenApi30(schema: Json): Json {
  const { const: constant, patternProperties, examples, ...written } = schema;
  if (constant !== undefined) written.enum = [constant];
  if (Array.isArray(examples)) written.example = examples[0];
  if (isObject(patternProperties)) written.additionalProperties = Object.values(patternProperties)[0] ?? true;
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof written[exclusive] === 'number') {
      written[bound] = written[exclusive];
      written[exclusive] = true;
    }
  }
  if (Array.isArray(written.type)) {
    const types = written.type.filter((type) => type !== 'null');
    const isNullable = types.length < written.type.length;
    delete written.type;
    if (types.length === 1) written.type = types[0];
    else written.anyOf = types.map((type) => ({ type }));
    if (isNullable) written.nullable = true;
  }
  if (written.type === 'null') return { ...written, type: 'string', nullable: true, enum: [null] };
  return Array.isArray(written.anyOf) ? unionTo30(written, written.anyOf) : written;
}

/** Unions with null become nullable, unions of words one enum. */
function unionTo30(schema: Json, anyOf: readonly unknown[]): Json {
  const { anyOf: _, ...rest } = schema;
  const isNullable = anyOf.some((branch) => isNullBranch(branch));
  const branches = anyOf.filter((branch) => !isNullBranch(branch)) as readonly Json[];
  const nullable = isNullable ? { nullable: true } : {};
  const [only] = branches;
  if (branches.length === 1 && only !== undefined) {
    // Beside a $ref nothing else counts.
    return '$ref' in only ? { ...rest, ...nullable, allOf: [only] } : { ...only, ...rest, ...nullable };
  }
  const isWords = branches.every((branch) => branch.type === 'string' && Array.isArray(branch.enum));
  if (isWords) {
    const allowed = branches.flatMap((branch) => branch.enum as readonly unknown[]);
    return { ...rest, ...nullable, type: 'string', enum: isNullable ? [...allowed, null] : allowed };
  }
  return { ...rest, ...nullable, anyOf: branches };
}

/** Null as it was, or as {@link toOpenApi30} has written it already. */
const isNullBranch = (branch: unknown): boolean =>
  isNull(branch) ||
  (isObject(branch) && Array.isArray(branch.enum) && branch.enum.length === 1 && branch.enum[0] === null);
