import type { SpanPlace } from './span.ts';

/** The caller's span of a header `traceparent` (W3C Trace Context); null where there is none, or none that makes sense. */
export function parseTraceparent(header: string | undefined): SpanPlace | null {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/.exec(
    header?.trim() ?? '',
  );
  const [, traceId = '', spanId = ''] = match ?? [];
  return /[1-9a-f]/.test(traceId) && /[1-9a-f]/.test(spanId) ? { traceId, spanId } : null;
}
