import { AppError } from '../../core/errors.ts';
import type { ApiRequest } from '../api.ts';

/** ORDS's general page size, and its hard cap. */
export const defaultLimit = 25;
export const largestLimit = 10_000;

export interface Link {
  readonly rel: string;
  readonly href: string;
}

export interface PageRequest {
  /** As applied: never over what one page may hold. */
  readonly limit: number;
  readonly offset: number;
  /** The text of `q`, undefined without. */
  readonly q: string | undefined;
}

/** The envelope of every collection. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  readonly limit: number;
  readonly offset: number;
  readonly count: number;
  readonly links: readonly Link[];
}

/**
 * Reads `limit`, `offset` and `q`. Throws `field-invalid` naming the parameter.
 * @param mostRows what one page may hold
 */
export function decodePage(query: ApiRequest['query'], mostRows = largestLimit): PageRequest {
  const limit = wholeNumber(query, 'limit', 1) ?? defaultLimit;
  return {
    limit: Math.min(limit, mostRows),
    offset: wholeNumber(query, 'offset', 0) ?? 0,
    q: once(query, 'q'),
  };
}

function once(query: ApiRequest['query'], name: string): string | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value)) {
    throw new AppError('field-invalid', {
      message: `${name} is given more than once.`,
      hint: `Give ${name} one time in the address.`,
      field: name,
    });
  }
  return String(value);
}

function wholeNumber(query: ApiRequest['query'], name: string, least: number): number | undefined {
  const text = once(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new AppError('field-invalid', {
    message: `${name} must be a whole number of ${least} or more, not ${JSON.stringify(text.slice(0, 40))}.`,
    hint: `Leave ${name} out for its default.`,
    field: name,
  });
}

/** The links of a page: `self`, `describedby`, `first`, and `next` and `prev` where they lead somewhere. */
export function pageLinks(
  collection: string,
  describedBy: string,
  page: PageRequest,
  hasMore: boolean,
): readonly Link[] {
  const at = (offset: number): string => {
    const parts = offset === 0 ? [] : [`offset=${offset}`];
    parts.push(`limit=${page.limit}`);
    if (page.q !== undefined) parts.push(`q=${encodeURIComponent(page.q)}`);
    return `${collection}?${parts.join('&')}`;
  };
  return [
    { rel: 'self', href: collection },
    { rel: 'describedby', href: describedBy },
    { rel: 'first', href: at(0) },
    ...(hasMore ? [{ rel: 'next', href: at(page.offset + page.limit) }] : []),
    ...(page.offset > 0 ? [{ rel: 'prev', href: at(Math.max(0, page.offset - page.limit)) }] : []),
  ];
}
