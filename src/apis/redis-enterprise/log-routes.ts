import Type from 'typebox';
import { isResting, type Job } from '../../core/job.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import type { RunData } from './bdb-view.ts';
import { eventBody } from './bodies.ts';
import { withFirstErrors } from './first-error.ts';
import { failureText, hasSucceeded } from './job-status.ts';
import { callContext, type Operation, type OperationParts } from './operation.ts';
import { badRequest } from './refusal.ts';
import { apiId } from './settings.ts';
import { timeText } from './times.ts';

/** Most runs looked at, and most events given. */
const mostRuns = 1000;

const logQuery = Type.Object({
  stime: Type.Optional(Type.String({ description: 'Events of this moment or later (ISO 8601).' })),
  etime: Type.Optional(Type.String({ description: 'Events of this moment or earlier (ISO 8601).' })),
  order: Type.Optional(Type.String({ description: 'asc (the default) or desc.' })),
  limit: Type.Optional(Type.Integer({ description: 'Most events to give.' })),
  offset: Type.Optional(Type.Integer({ description: 'Events to leave out first.' })),
});

/** The begin and the end of exports and imports as events. */
export const logOperations = (parts: OperationParts): readonly Operation[] => [
  {
    method: 'GET',
    path: '/v1/logs',
    operationId: 'listEvents',
    summary: 'List events',
    tags: ['logs'],
    permission: 'view_logged_events',
    query: logQuery,
    responses: { 200: { description: 'The events.', schema: Type.Array(eventBody) } },
    handle: (request) => listEvents(parts, request),
  },
];

interface Event {
  readonly at: number;
  readonly shown: Readonly<Record<string, string>>;
}

async function listEvents({ service }: OperationParts, request: ApiRequest): Promise<ApiReply> {
  const context = callContext(request);
  const { query } = request;
  const from = momentOf(query.stime, 'stime') ?? 0;
  const to = momentOf(query.etime, 'etime') ?? Number.MAX_SAFE_INTEGER;
  const order = query.order ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw badRequest('order must be asc or desc.');
  const offset = countOf(query.offset, 'offset') ?? 0;
  const limit = countOf(query.limit, 'limit') ?? 2 * mostRuns;

  const [{ jobs }, databases] = await Promise.all([
    service.listJobs(context, { api: apiId, kinds: ['export', 'import'], limit: mostRuns }),
    service.listDatabases(context),
  ]);
  const uids = new Map(databases.map(({ name, uid }) => [name, uid]));
  const events = (await withFirstErrors(service, context, jobs))
    .flatMap((job) => eventsOf(job, uids.get(job.database)))
    .filter(({ at }) => at >= from && at <= to)
    .toSorted((a, b) => (order === 'asc' ? a.at - b.at : b.at - a.at))
    .slice(offset, offset + limit);
  return { status: 200, body: events.map(({ shown }) => shown) };
}

/** What a run has to tell: that it began, and how it ended. */
export function eventsOf(job: Job, uid: number | undefined): readonly Event[] {
  const event = (
    at: number,
    word: string,
    severity: string,
    more: Readonly<Record<string, string>>,
  ): Event => ({
    at,
    shown: {
      time: timeText(at),
      type: `${job.kind}_${word}`,
      severity,
      ...(uid === undefined ? {} : { bdb_uid: String(uid) }),
      ...more,
    },
  });
  const { mailReason = null, notes = [] } = job.apiData as Partial<RunData>;
  const remarks = [...notes, ...(mailReason === null ? [] : [mailReason])];
  const started = event(
    job.createdAt,
    'started',
    'info',
    remarks.length === 0 ? {} : { description: remarks.join(' ') },
  );
  if (!isResting(job.state)) return [started];
  const error = failureText(job);
  const endedAt = job.finishedAt ?? job.createdAt;
  return hasSucceeded(job)
    ? [started, event(endedAt, 'succeeded', 'info', {})]
    : [started, event(endedAt, 'failed', 'error', error === null ? {} : { error })];
}

function momentOf(value: unknown, name: string): number | null {
  if (value === undefined) return null;
  // A zone's + comes as a space where clients do not encode it.
  const at = typeof value === 'string' ? Date.parse(value.replace(' ', '+')) : Number.NaN;
  if (Number.isNaN(at)) throw badRequest(`${name} must be a moment such as 2026-11-21T03:04:05Z.`);
  return at;
}

function countOf(value: unknown, name: string): number | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw badRequest(`${name} must be a whole number of 0 or more.`);
}
