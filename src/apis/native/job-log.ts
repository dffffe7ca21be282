import Type, { type Static } from 'typebox';
import { negotiate } from '../../base/media-type.ts';
import type { JobLogEntry } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { JobParams } from './jobs.ts';
import { nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const eventWords = [
  'state',
  'plan',
  'object-type',
  'table',
  'files',
  'restart',
  'finding',
  'error',
  'note',
] as const satisfies readonly JobLogEntry['event'][];

export const LogEntry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, description: 'Ascending within the job.' }),
    at: Timestamp('When it was written.'),
    level: words(['info', 'warn', 'error'], 'How serious it is.'),
    event: words(eventWords, 'What it is about; `data` follows from it.'),
    message: Type.String({ description: 'The line, for people.' }),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'The facts, for machines.' }),
  },
  { $id: 'LogEntry', description: 'One line of the log of a job.' },
);

/** A log entry as this API shows it. */
export const logEntryView = (entry: JobLogEntry): Static<typeof LogEntry> => ({
  seq: entry.seq,
  at: timestamp(entry.at),
  level: entry.level,
  event: entry.event,
  message: entry.message,
  data: { ...entry.data },
});

const LogQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only entries with a greater `seq`.' })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: '1000 by default; text comes whole by default.',
      }),
    ),
  },
  { additionalProperties: false },
);

const LogPage = Type.Object({
  items: Type.Array(LogEntry, { description: 'In order.' }),
  next_after: nullable(
    Type.Integer({ description: '`after` for the next page; null when this one is not full.' }),
  ),
});

const longestPage = 1000;
const textType = 'text/plain; charset=utf-8';

async function* textOf(
  service: Service,
  context: CallContext,
  id: string,
  after: number,
  limit: number | undefined,
): AsyncGenerator<string> {
  let left = limit ?? Number.POSITIVE_INFINITY;
  let seq = after;
  while (left > 0) {
    const page = Math.min(left, longestPage);
    const entries = await service.jobLog(context, id, seq, page);
    yield entries
      .map((entry) => `${timestamp(entry.at)} ${entry.level.padEnd(5)} ${entry.message}\n`)
      .join('');
    if (entries.length < page) return;
    seq = entries.at(-1)?.seq ?? seq;
    left -= entries.length;
  }
}

/** The log of a job, as JSON or as text. */
export function jobLogRoute(service: Service): Route {
  return {
    method: 'GET',
    path: '/jobs/:id/log',
    operationId: 'getJobLog',
    summary: 'Read the log of a job, while it runs and afterwards',
    tags: ['jobs'],
    access: 'authenticated',
    params: JobParams,
    query: LogQuery,
    responses: {
      200: { description: 'The entries.', schema: LogPage, otherMediaTypes: ['text/plain'] },
    },
    async handle(request) {
      const context = callContext(request);
      const id = request.params.id as string;
      const { after = 0, limit } = request.query as Static<typeof LogQuery>;
      if (negotiate(request.headers.accept, ['application/json', 'text/plain']) === 'text/plain') {
        return {
          status: 200,
          headers: { 'content-type': textType },
          stream: textOf(service, context, id, after, limit),
        };
      }
      const page = await service.jobLog(context, id, after, limit ?? longestPage);
      const isFull = page.length === (limit ?? longestPage);
      return {
        status: 200,
        body: { items: page.map(logEntryView), next_after: isFull ? (page.at(-1)?.seq ?? null) : null },
      };
    },
  };
}
