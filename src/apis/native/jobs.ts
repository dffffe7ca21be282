import Type, { type Static } from 'typebox';
import { etagMatches } from '../../base/etag.ts';
import { AppError } from '../../core/errors.ts';
import { type Job, jobStates } from '../../core/job.ts';
import type { CallContext, JobQuery, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { JobSchema, jobKinds, TableProgressSchema, tableProgressView } from './job-view.ts';
import type { JobViews } from './job-views.ts';
import { NewJob } from './new-job.ts';
import { listOf, nullable, words } from './schema-parts.ts';
import { startJob } from './start-job.ts';

export const JobParams = Type.Object({ id: Type.String({ description: 'Id of the job.' }) });

const JobListQuery = Type.Object(
  {
    kind: Type.Optional(
      Type.Array(words(jobKinds, 'Kind of job.'), { description: 'Only these; may repeat.' }),
    ),
    state: Type.Optional(Type.Array(words(jobStates, 'State.'), { description: 'Only these; may repeat.' })),
    database: Type.Optional(
      Type.String({ description: 'Only jobs of this database; of copies those that read it.' }),
    ),
    top_level: Type.Optional(
      Type.Boolean({ description: 'true: only jobs that no other job started. All by default.' }),
    ),
    cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
);

const JobList = Type.Object({
  items: Type.Array(JobSchema, { description: 'Newest first.' }),
  next_cursor: nullable(Type.String({ description: 'For the next page; null on the last one.' })),
});

/** Jobs: start, list, show, stop, resume, cancel. */
export function jobRoutes(service: Service, views: JobViews): readonly Route[] {
  const tags = ['jobs'];
  const idOf = (request: ApiRequest): string => request.params.id as string;
  const show = (job: Job, request: ApiRequest): ApiReply => ({
    status: 200,
    headers: { etag: views.tagOf(job) },
    body: views.of(job, request),
  });

  /** Holds a change to the job that the caller saw, when If-Match names one. */
  async function requireMatch(request: ApiRequest, context: CallContext): Promise<void> {
    const header = request.headers['if-match'];
    if (header === undefined) return;
    const current = await service.getJob(context, idOf(request));
    if (!etagMatches(header, views.tagOf(current))) {
      throw new AppError('precondition-failed', {
        message: `The job is not the one that If-Match names: it is ${current.state} by now.`,
      });
    }
  }

  const control = (
    verb: 'stop' | 'resume' | 'cancel',
    summary: string,
    act: (context: CallContext, id: string) => Promise<Job>,
  ): Route => ({
    method: 'POST',
    path: `/jobs/:id/${verb}`,
    operationId: `${verb}Job`,
    summary,
    description: 'With If-Match, only while the job is the one that the caller saw.',
    tags,
    access: 'authenticated',
    params: JobParams,
    responses: { 200: { description: 'Asked for; the state tells how far it is.', schema: JobSchema } },
    async handle(request) {
      const context = callContext(request);
      await requireMatch(request, context);
      return show(await act(context, idOf(request)), request);
    },
  });

  return [
    {
      method: 'POST',
      path: '/jobs',
      operationId: 'startJob',
      summary: 'Start an export, import, copy, verification, backup or restore, or copy or delete a dump set',
      description:
        'Answers as soon as the job is written. With an Idempotency-Key the same request may be sent again: it answers 200 with the same job and Idempotency-Replayed: true.',
      tags,
      access: 'authenticated',
      body: NewJob,
      responses: {
        200: { description: 'The Idempotency-Key was known: its job.', schema: JobSchema },
        201: { description: 'Started.', schema: JobSchema },
      },
      handle: async (request) => views.started(await startJob(service, request), request),
    },
    {
      method: 'GET',
      path: '/jobs',
      operationId: 'listJobs',
      summary: 'List the jobs that the caller may see',
      tags,
      access: 'authenticated',
      query: JobListQuery,
      responses: { 200: { description: 'A page of jobs.', schema: JobList } },
      async handle(request) {
        const { kind, state, top_level: topLevel, ...rest } = request.query as Static<typeof JobListQuery>;
        const query: JobQuery = {
          ...rest,
          ...(kind === undefined ? {} : { kinds: kind }),
          ...(state === undefined ? {} : { states: state }),
          ...(topLevel === undefined ? {} : { topLevel }),
        };
        const { jobs, nextCursor } = await service.listJobs(callContext(request), query);
        return {
          status: 200,
          body: { items: jobs.map((job) => views.of(job, request)), next_cursor: nextCursor },
        };
      },
    },
    {
      method: 'GET',
      path: '/jobs/:id',
      operationId: 'getJob',
      summary: 'Show a job and its progress',
      tags,
      access: 'authenticated',
      params: JobParams,
      responses: { 200: { description: 'The job.', schema: JobSchema } },
      handle: async (request) => show(await service.getJob(callContext(request), idOf(request)), request),
    },
    {
      method: 'GET',
      path: '/jobs/:id/tables',
      operationId: 'listJobTables',
      summary: 'Show the progress of each table of a job',
      tags,
      access: 'authenticated',
      params: JobParams,
      responses: {
        200: { description: 'The tables.', schema: listOf(TableProgressSchema, 'Empty before the plan.') },
      },
      handle: async (request) => ({
        status: 200,
        body: {
          items: (await service.jobTables(callContext(request), idOf(request))).map(tableProgressView),
        },
      }),
    },
    control('stop', 'Stop a job; it can be resumed', (context, id) => service.stopJob(context, id)),
    control('resume', 'Go on with a stopped or failed job', (context, id) => service.resumeJob(context, id)),
    control('cancel', 'Give a job up and remove its files', (context, id) => service.cancelJob(context, id)),
  ];
}
