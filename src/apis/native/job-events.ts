import { AppError } from '../../core/errors.ts';
import { isResting, type Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { withHeartbeat } from './heartbeat.ts';
import { logEntryView } from './job-log.ts';
import type { JobView } from './job-view.ts';
import type { JobViews } from './job-views.ts';
import { JobParams } from './jobs.ts';

/** Keeps proxies from closing a quiet stream, and shows a dead client. */
const heartbeatMs = 15_000;
/** How long clients wait before they come back. */
const retryMs = 2_000;

/** Where a client is: after log entry `seq`, and whether it has seen the last event of all. */
interface Position {
  readonly seq: number;
  readonly isEnd: boolean;
}

/** Ids are the `seq` of log entries; the last event of a stream has `<seq>-end`. */
function parsePosition(header: string | undefined): Position {
  if (header === undefined || header === '') return { seq: 0, isEnd: false };
  const match = /^(\d{1,15})(-end)?$/.exec(header);
  if (match === null) {
    throw new AppError('field-invalid', {
      message: 'The header Last-Event-ID is not an id of this stream.',
      field: 'Last-Event-ID',
      hint: 'Send the id of the last event that was received, or none.',
    });
  }
  return { seq: Number(match[1]), isEnd: match[2] !== undefined };
}

const event = (name: string, data: unknown, id?: string): string =>
  `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

async function* eventsOf(
  service: Service,
  context: CallContext,
  id: string,
  after: number,
  view: (job: Job) => JobView,
): AsyncGenerator<string> {
  yield `retry: ${retryMs}\n\n`;
  let seq = after;
  // A job at rest is told last, with the id that ends the stream; so it is held back until all else was told.
  let rested: Job | null = null;
  for await (const told of service.watchJob(context, id, after)) {
    if ('log' in told) {
      seq = told.log.seq;
      yield event('log', logEntryView(told.log), String(seq));
    } else if (isResting(told.job.state)) {
      rested = told.job;
    } else {
      yield event('job', view(told.job));
    }
  }
  if (rested !== null) yield event('job', view(rested), `${seq}-end`);
}

/** The log and the progress of a job as server-sent events. */
export function jobEventsRoute(service: Service, views: JobViews): Route {
  return {
    method: 'GET',
    path: '/jobs/:id/events',
    operationId: 'watchJob',
    summary: 'Follow a job: its log and every change, as server-sent events',
    description:
      'Events `log` (a LogEntry, with its seq as id) and `job` (a Job). Last-Event-ID goes on after that entry. The stream ends after the job event that tells a state of rest; coming back after that one answers 204.',
    tags: ['jobs'],
    access: 'authenticated',
    params: JobParams,
    responses: {
      200: { description: 'The events.', schema: null, mediaType: 'text/event-stream' },
      204: { description: 'The job rests and everything was told.', schema: null },
    },
    async handle(request) {
      const context = callContext(request);
      const id = request.params.id as string;
      const position = parsePosition(request.headers['last-event-id']);
      const job = await service.getJob(context, id);
      if (position.isEnd && isResting(job.state)) return { status: 204 };
      return {
        status: 200,
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
        stream: withHeartbeat(
          eventsOf(service, context, id, position.seq, (job) => views.of(job, request)),
          {
            everyMs: heartbeatMs,
            beat: ': still here\n\n',
          },
        ),
      };
    },
  };
}
