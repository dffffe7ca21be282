import { etagOf } from '../../base/etag.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, JobQuery } from '../../service/service.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import type { Address } from './address.ts';
import { dumpFiles, findJob } from './find-job.ts';
import {
  isListed,
  type JobFacts,
  type JobItem,
  jobColumns,
  jobExtras,
  jobFacts,
  jobItem,
} from './job-item.ts';
import { renderLog } from './job-log.ts';
import { logName } from './job-names.ts';
import { callContext, type Operation, type OrdsParts } from './operation.ts';
import { decodePage, type Page, pageLinks } from './paging.ts';
import { parseQueryFilter } from './query-filter.ts';
import { compareRows, matches, type Row } from './query-match.ts';
import { jobFileKey, jobItemSchema, jobKey, jobPageSchema, pageQuery } from './schemas.ts';

const tags = ['Data Pump'];
/** As the vendor documents it, sic. */
const dumpFileType = 'application/vnd.tcpdump.pcap';
const jobPath = '/database/datapump/jobs/:job';

/** The list of jobs, one job, its files, and the end of it. */
export function jobOperations(parts: OrdsParts): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/database/datapump/jobs/',
      aliases: ['/database/datapump/jobs'],
      operationId: 'listDataPumpJobs',
      summary: 'List Data Pump jobs',
      description:
        'Running jobs, and finished ones whose control table is kept; the newest first unless $orderby says otherwise.',
      tags,
      access: 'authenticated',
      query: pageQuery,
      responses: { 200: { description: 'One page of jobs.', schema: jobPageSchema } },
      handle: (request, address) => listJobs(parts, request, address),
    },
    {
      method: 'GET',
      path: `${jobPath}/`,
      aliases: [jobPath],
      operationId: 'getDataPumpJob',
      summary: 'Show a Data Pump job',
      tags,
      access: 'authenticated',
      isOfJob: true,
      params: jobKey,
      responses: { 200: { description: 'The job.', schema: jobItemSchema } },
      async handle(request, address) {
        const { job, facts } = await findJob(parts, request, address);
        const files = await dumpFiles(parts.service, callContext(request), job);
        const item = jobItem(job, facts, files, address);
        return { status: 200, headers: { ETag: etagOf(item) }, body: item };
      },
    },
    {
      method: 'DELETE',
      path: `${jobPath}/`,
      aliases: [jobPath],
      operationId: 'deleteDataPumpJob',
      summary: 'Kill a Data Pump job (extension)',
      description:
        'Stops the job if it runs and removes its dump files; the job is gone once that is done. A completed job is refused with 409.',
      tags,
      access: 'authenticated',
      isOfJob: true,
      params: jobKey,
      responses: { 204: { description: 'The job is being cancelled.', schema: null } },
      async handle(request, address) {
        const { job } = await findJob(parts, request, address);
        await parts.service.cancelJob(callContext(request), job.id);
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: `${jobPath}/:file`,
      operationId: 'getDataPumpJobFile',
      summary: 'Read the log or a dump file of a job',
      description:
        'The links of the job with rel related lead here: the first is the log, readable while the job runs; dump files follow.',
      tags,
      access: 'authenticated',
      isOfJob: true,
      params: jobFileKey,
      responses: { 200: { description: 'The file.', schema: null } },
      described: {
        200: {
          description: 'The log, or the bytes of a dump file.',
          schema: null,
          mediaType: 'text/plain',
          otherMediaTypes: [dumpFileType],
        },
      },
      handle: (request, address) => readFile(parts, request, address),
    },
  ];
}

async function listJobs(parts: OrdsParts, request: ApiRequest, address: Address): Promise<ApiReply> {
  const page = decodePage(request.query, parts.mostRows(address.database));
  const filter = page.q === undefined ? undefined : parseQueryFilter(page.q, jobColumns);
  const context = callContext(request);
  const wanted = page.offset + page.limit + 1;
  const sorted = filter !== undefined && filter.order.length > 0;

  // A sort needs every job; without one the walk ends as soon as the page is full and the next one known to exist.
  const rows: Listed[] = [];
  for await (const row of listedJobs(parts, context, address.database)) {
    if (filter !== undefined && !matches(filter.where, row.cells, jobColumns)) continue;
    rows.push(row);
    if (!sorted && rows.length >= wanted) break;
  }
  if (sorted) rows.sort((a, b) => compareRows(a.cells, b.cells, filter.order, jobColumns));

  const shown = rows.slice(page.offset, page.offset + page.limit);
  const items = await inBatches(shown, async ({ job, facts }) =>
    jobItem(job, facts, await dumpFiles(parts.service, context, job), address),
  );
  const hasMore = rows.length > page.offset + page.limit;
  const collection = `${address.base}/database/datapump/jobs/`;
  const body: Page<JobItem> = {
    items,
    hasMore,
    limit: page.limit,
    offset: page.offset,
    count: items.length,
    links: pageLinks(collection, `${address.base}/metadata-catalog/`, page, hasMore),
  };
  return { status: 200, headers: { ETag: etagOf(body) }, body };
}

interface Listed {
  readonly job: Job;
  readonly facts: JobFacts;
  /** What filters and sorts look at. */
  readonly cells: Row;
}

/** The jobs that lists show, newest first. */
async function* listedJobs(parts: OrdsParts, context: CallContext, database: string): AsyncGenerator<Listed> {
  let cursor: string | null = null;
  do {
    const query: JobQuery = { database, api: 'ords', limit: 1000, ...(cursor === null ? {} : { cursor }) };
    const { jobs, nextCursor } = await parts.service.listJobs(context, query);
    for (const job of jobs) {
      const facts = jobFacts(job, parts.endState);
      if (facts !== null && isListed(job)) yield { job, facts, cells: { ...facts, ...jobExtras(job) } };
    }
    cursor = nextCursor;
  } while (cursor !== null);
}

/** Looks at a few things at once, so that a long page opens no storm of look-ups. */
async function inBatches<T, R>(things: readonly T[], look: (thing: T) => Promise<R>): Promise<readonly R[]> {
  const batch = 16;
  const results: R[] = [];
  for (let at = 0; at < things.length; at += batch) {
    results.push(...(await Promise.all(things.slice(at, at + batch).map(look))));
  }
  return results;
}

async function readFile(parts: OrdsParts, request: ApiRequest, address: Address): Promise<ApiReply> {
  const { job } = await findJob(parts, request, address);
  const context = callContext(request);
  const name = request.params.file ?? '';
  if (name === logName(job.kind, job.name)) {
    const entries = (afterSeq: number) => parts.service.jobLog(context, job.id, afterSeq);
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      stream: renderLog(
        job,
        entries,
        () => parts.service.getJob(context, job.id),
        () => parts.service.jobReport(context, job.id),
      ),
    };
  }
  const { bytes, stream } = await parts.service.openJobFile(context, job.id, name);
  return {
    status: 200,
    headers: { 'Content-Type': dumpFileType, 'Content-Length': String(bytes) },
    stream,
  };
}
