import { createHash } from 'node:crypto';

/** Where a span is in the traces: 32 and 16 hexadecimal digits, as W3C and OTLP write them. */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
}

/** A span that has ended. Attributes and names hold no secrets, and no words of errors. */
export interface EndedSpan extends SpanPlace {
  /** Null: the root of its trace. */
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: 'internal' | 'client' | 'producer' | 'consumer';
  /** Milliseconds since the epoch, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Code of the error that it ended with; null: none. */
  readonly error: string | null;
  /** Spans of other traces that brought this one about. */
  readonly links: readonly SpanPlace[];
}

/** Takes spans, and sends them when it suits. */
export interface SpanSink {
  /** Costs no time worth mentioning, and never throws. Where spans come faster than they leave, some are dropped. */
  emit(span: EndedSpan): void;
  /** Sends what is left, for at most so long. Never rejects. */
  close(patienceMs: number): Promise<void>;
}

/*
 * What belongs to a job is in one trace, whichever instance did it: ids are digests of what all of them know.
 */

const digits = (count: number, ...parts: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, count);

/** The root span of a job. */
export const placeOfJob = (jobId: string): SpanPlace => ({
  traceId: digits(32, 'job', jobId),
  spanId: digits(16, 'job span', jobId),
});

/** @param restarts of the job at that time: under a new snapshot, the table is read anew */
export const placeOfTable = (jobId: string, restarts: number, group: string): SpanPlace => ({
  traceId: placeOfJob(jobId).traceId,
  spanId: digits(16, 'table', jobId, restarts, group),
});

/** @param token of the lease: each run of a task has one of its own */
export const placeOfTask = (jobId: string, token: string): SpanPlace => ({
  traceId: placeOfJob(jobId).traceId,
  spanId: digits(16, 'task', jobId, token),
});
