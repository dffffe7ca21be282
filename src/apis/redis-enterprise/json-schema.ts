import type { TSchema } from 'typebox';

/** A schema as a document of its own: what has an `$id` within it stands in its place. */
export function plainSchema(schema: TSchema): Readonly<Record<string, unknown>> {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== '$id')
        .map(([key, inner]) => [key, plain(inner)]),
    );
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...(plain(schema) as Readonly<Record<string, unknown>>),
  };
}
