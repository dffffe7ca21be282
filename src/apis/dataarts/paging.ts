import type { ApiRequest } from '../api.ts';
import { badRequest } from './refusal.ts';

/** Which part of a list is asked for, in records. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
}

const usualLimit = 10;

/** A limit above `most` is lowered to it. Throws DLF.3051 for what is no number. */
export function pageOf(query: ApiRequest['query'], most: number): Page {
  return {
    offset: numberIn(query, 'offset') ?? 0,
    limit: Math.min(Math.max(numberIn(query, 'limit') ?? usualLimit, 1), most),
  };
}

/** A whole number of a query, from 0; null where it is missing. */
export function numberIn(query: ApiRequest['query'], name: string): number | null {
  const text = textIn(query, name);
  if (text === null) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`${name} must be a whole number.`);
}

/** A text of a query; null where it is missing or empty. */
export function textIn(query: ApiRequest['query'], name: string): string | null {
  const value = query[name];
  if (value === undefined || value === '') return null;
  if (typeof value === 'string') return value;
  throw badRequest(`${name} must be given once.`);
}

export const pick = <T>(items: readonly T[], { offset, limit }: Page): readonly T[] =>
  items.slice(offset, offset + limit);
