import type { Mask } from '../../../core/request.ts';

/** What a mask can be made for: a type as the server spells it (format_type), sorted by what its values look like. */
export type MaskType =
  /** `limit`: most characters; null: any number. */
  | { readonly family: 'text'; readonly limit: number | null; readonly foldsCase: boolean }
  | { readonly family: 'integer'; readonly bits: 15 | 31 | 63 }
  /** `digits` null: any number. */
  | { readonly family: 'numeric'; readonly digits: number | null; readonly scale: number }
  | { readonly family: 'uuid' | 'bytes' }
  /** Values can be replaced by null or a constant only. */
  | { readonly family: 'other' };

const integerBits: Readonly<Record<string, 15 | 31 | 63>> = { smallint: 15, integer: 31, bigint: 63 };

export function maskTypeOf(type: string): MaskType {
  const text = /^(?:text|bpchar|(?:character varying|character)(?:\((\d+)\))?)$/.exec(type);
  if (text !== null) {
    return { family: 'text', limit: text[1] === undefined ? null : Number(text[1]), foldsCase: false };
  }
  // The extension's type, whatever schema it is in: equal values are those that are equal in small letters.
  if (/(?:^|\.)citext$/.test(type)) return { family: 'text', limit: null, foldsCase: true };
  const bits = integerBits[type];
  if (bits !== undefined) return { family: 'integer', bits };
  const numeric = /^numeric(?:\((\d+),(-?\d+)\))?$/.exec(type);
  if (numeric !== null) {
    const [, digits, scale = '0'] = numeric;
    return { family: 'numeric', digits: digits === undefined ? null : Number(digits), scale: Number(scale) };
  }
  if (type === 'uuid') return { family: 'uuid' };
  return type === 'bytea' ? { family: 'bytes' } : { family: 'other' };
}

/** Whether values of the type can be hidden so. */
export function takesMask(type: MaskType, mask: Mask): boolean {
  if (mask.method === 'hash') return type.family !== 'other';
  return mask.method === 'partial' ? type.family === 'text' : true;
}

/**
 * How many different values hashing can give, as a power of two; null where different values stay different for certain: integers and
 * numbers of up to {@link permutedDigits} digits are permuted.
 */
export function hashBits(type: MaskType): number | null {
  if (type.family === 'text') return Math.min(256, (type.limit ?? 64) * 4);
  if (type.family === 'numeric')
    return type.digits !== null && type.digits <= permutedDigits ? null : Math.log2(10) * permutedDigits;
  return type.family === 'uuid' ? 128 : type.family === 'bytes' ? 256 : null;
}

/** Decimal digits that fit into int8, whatever they are. */
export const permutedDigits = 18;
