import type { IncomingHttpHeaders } from 'node:http';

/**
 * How long a server asks to be left alone (`Retry-After`, in seconds or as a date), for the context of the error: the retry layer waits that
 * long, within reason. Empty when the server does not say. `nowMs` counts from the epoch.
 */
export function retryAfter(headers: IncomingHttpHeaders, nowMs: number): { readonly retryAfterMs?: number } {
  const text = headers['retry-after']?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? {} : { retryAfterMs: Math.max(0, ms) };
}
