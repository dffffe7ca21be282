import Type, { type TSchema } from 'typebox';

/** The schema or null. */
export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** One of some words, as an `enum`. */
export const words = <const W extends readonly string[]>(allowed: W, description: string) =>
  Type.Unsafe<W[number]>({ type: 'string', enum: [...allowed], description });

export const Count = (description: string) => Type.Integer({ minimum: 0, description });

/** ISO 8601, UTC, milliseconds. */
export const Timestamp = (description: string) =>
  Type.String({ format: 'date-time', description: `${description} ISO 8601, UTC.` });

/** Milliseconds since the epoch as every view spells them. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();

/** A whole list. */
export const listOf = <S extends TSchema>(schema: S, description: string) =>
  Type.Object({ items: Type.Array(schema, { description }) });

/** The name in an address. */
export const NameParams = Type.Object({ name: Type.String({ description: 'The name.' }) });
