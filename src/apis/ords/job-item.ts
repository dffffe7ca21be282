import { isResting, type Job } from '../../core/job.ts';
import type { JobFile } from '../../service/service.ts';
import { logName } from './job-names.ts';
import { jobHref, type Place } from './links.ts';
import type { Link } from './paging.ts';
import type { Columns } from './query-filter.ts';
import { type DataPumpState, dataPumpState, type EndState } from './states.ts';

/** The documented members of a job, and after them ours. Times are ISO 8601, UTC. */
export interface JobFacts {
  readonly job_name: string;
  readonly owner_name: string;
  readonly operation: 'EXPORT' | 'IMPORT';
  readonly job_mode: string;
  readonly state: DataPumpState;
  readonly degree: number;
  readonly attached_sessions: number;
  readonly datapump_sessions: number;
  readonly job_state: DataPumpState;
}

/** Extension members: what users of the documented ones miss most. */
export interface JobExtras {
  /** 0 to 100, one decimal; 100 only when the job is complete. */
  readonly percent_done: number;
  readonly bytes_done: number;
  /** An estimate until the job is complete. */
  readonly bytes_total: number;
  readonly rows_done: number;
  readonly rows_total: number;
  readonly error_count: number;
  readonly restart_count: number;
  readonly created_time: string;
  readonly start_time: string | null;
  readonly end_time: string | null;
  /** Why the job failed: a code of docs/errors.md and a sentence; null unless it did. */
  readonly failure_code: string | null;
  readonly failure_message: string | null;
}

/** DataPumpJobsItem. */
export type JobItem = JobFacts & { readonly links: readonly Link[] } & JobExtras;

/** The columns that `q` knows of a job. */
export const jobColumns: Columns = {
  job_name: 'string',
  owner_name: 'string',
  operation: 'string',
  job_mode: 'string',
  state: 'string',
  degree: 'number',
  attached_sessions: 'number',
  datapump_sessions: 'number',
  job_state: 'string',
  percent_done: 'number',
  bytes_done: 'number',
  bytes_total: 'number',
  rows_done: 'number',
  rows_total: 'number',
  error_count: 'number',
  restart_count: 'number',
  created_time: 'date',
  start_time: 'date',
  end_time: 'date',
  failure_code: 'string',
  failure_message: 'string',
} satisfies Record<keyof (JobFacts & JobExtras), Columns[string]>;

/** What ORDS keeps with a job that nobody else needs. */
export interface OrdsJobData {
  /** As asked for, in capitals; null when the request had none. */
  readonly jobMode: string | null;
  /** 0: the job leaves the list when it has succeeded. */
  readonly keepMaster: number;
}

/** `PDBADMIN`: owners are written in capitals. */
export const ownerName = (job: Job): string => job.owner.toUpperCase();

const operationOf = (job: Job): 'EXPORT' | 'IMPORT' => (job.kind === 'import' ? 'IMPORT' : 'EXPORT');

function modeOf(job: Job): string {
  const { request } = job;
  const asked = (job.apiData as Partial<OrdsJobData>).jobMode;
  if (typeof asked === 'string') return asked;
  return request.kind === 'export' ? request.selection.mode.toUpperCase() : 'SCHEMA';
}

/** The documented members; null when the job shows as gone. */
export function jobFacts(job: Job, endState: EndState): JobFacts | null {
  const state = dataPumpState(job.state, endState);
  if (state === null) return null;
  return {
    job_name: job.name,
    owner_name: ownerName(job),
    operation: operationOf(job),
    job_mode: modeOf(job),
    state,
    degree: job.threads,
    attached_sessions: 0,
    // The control process and its workers, as long as there is something to do.
    datapump_sessions: isResting(job.state) ? 0 : job.threads + 1,
    job_state: state,
  };
}

const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

function percentDone(job: Job): number {
  if (job.state === 'completed') return 100;
  const { bytesDone, bytesTotal } = job.progress;
  if (bytesTotal <= 0) return 0;
  // Totals are estimates: more may be done than was foreseen, and 100 means complete.
  return Math.min(99.9, Math.floor((bytesDone / bytesTotal) * 1000) / 10);
}

export function jobExtras(job: Job): JobExtras {
  const { progress } = job;
  return {
    percent_done: percentDone(job),
    bytes_done: progress.bytesDone,
    bytes_total: progress.bytesTotal,
    rows_done: progress.rowsDone,
    rows_total: progress.rowsTotal,
    error_count: job.errorCount,
    restart_count: job.restarts,
    created_time: new Date(job.createdAt).toISOString(),
    start_time: time(job.startedAt),
    end_time: time(job.finishedAt),
    failure_code: job.error?.code ?? null,
    failure_message: job.error?.message ?? null,
  };
}

/** Whether lists show the job: with `keep_master` 0 a success leaves no control table behind. */
export const isListed = (job: Job): boolean =>
  !(job.state === 'completed' && (job.apiData as Partial<OrdsJobData>).keepMaster === 0);

/** The item of a job with its links in the published order; `files` are the dump files that exist by now. */
export function jobItem(job: Job, facts: JobFacts, files: readonly JobFile[], place: Place): JobItem {
  const self = jobHref(place, facts.owner_name, job.name);
  const links: readonly Link[] = [
    { rel: 'collection', href: `${place.base}/database/datapump/jobs/` },
    { rel: 'describedby', href: `${place.base}/metadata-catalog/` },
    { rel: 'related', href: self + encodeURIComponent(logName(job.kind, job.name)) },
    ...files.map(({ name }) => ({ rel: 'related', href: self + encodeURIComponent(name) })),
    { rel: 'self', href: self },
  ];
  return { ...facts, links, ...jobExtras(job) };
}
