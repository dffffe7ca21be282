import Type, { type Static } from 'typebox';
import { type Job, type JobState, jobStates, type TableProgress } from '../../core/job.ts';
import { encodings, jobModes } from '../../core/request.ts';
import { locationView } from './location.ts';
import { StoredError } from './problem.ts';
import type { Rate } from './rate-meter.ts';
import { Count, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

export const jobKinds = ['export', 'import', 'verify'] as const;

/** This API's words for the states: our own. */
export const stateWords: Readonly<Record<JobState, JobState>> = {
  queued: 'queued',
  planning: 'planning',
  executing: 'executing',
  completing: 'completing',
  completed: 'completed',
  failed: 'failed',
  stopping: 'stopping',
  stopped: 'stopped',
  cancelling: 'cancelling',
  cancelled: 'cancelled',
};

const Texts = (description: string) => Type.Array(Type.String(), { description });

const Progress = Type.Object({
  percent: Type.Number({ minimum: 0, maximum: 100, description: 'By bytes; 100 only when completed.' }),
  bytes_done: Count('Uncompressed bytes moved.'),
  bytes_total: Count('Uncompressed bytes to move; an estimate.'),
  rows_done: Count('Rows moved.'),
  rows_total: Count('Rows to move; an estimate.'),
  units_done: Count('Units of data finished.'),
  units_total: Count('Units of data planned; 0 before the plan is made.'),
  bytes_per_second: nullable(Count('How fast it was lately; null when it does not run.')),
  seconds_left: nullable(Count('Estimated time to the end of the data; null when nothing can be said.')),
});

const Asked = Type.Object({
  mode: nullable(words(jobModes, 'Null: everything in the dump set.')),
  name_expressions: Texts('Filters on names of objects.'),
  schema_expressions: Texts('Filters on names of schemas.'),
  tablespace_expressions: Texts('Filters on names of tablespaces.'),
  directory: nullable(Type.String({ description: 'Named directory of the dump files.' })),
  location: nullable(Type.String({ description: 'Storage URL of the dump files.' })),
  file_pattern: nullable(Type.String({ description: 'Null: a folder.' })),
  encoding: nullable(words(encodings, 'Null for jobs that do not write dump files.')),
  remap_schemas: Type.Array(Type.Object({ source: Type.String(), target: Type.String() })),
});

const Result = Type.Object({
  tables: nullable(Count('Tables moved.')),
  rows: nullable(Count('Rows moved.')),
  bytes: nullable(Count('Stored bytes of the dump files.')),
  files: nullable(Count('Dump files written or checked.')),
  failed_tables: Texts('Tables whose data is not whole.'),
  damaged_files: Texts('Dump files that differ from their digest.'),
});

export const JobSchema = Type.Object(
  {
    id: Type.String({ description: 'Opaque, unique for ever.' }),
    name: Type.String({ description: 'Unique within the database.' }),
    kind: words(jobKinds, 'What the job does.'),
    state: words(
      jobStates,
      'completed, failed, stopped and cancelled rest; stopped and failed can be resumed.',
    ),
    owner: Type.String({ description: 'Name of the user that asked for it.' }),
    database: nullable(Type.String({ description: 'Name of the database; null for a verification.' })),
    api: Type.String({ description: 'Which API took the request.' }),
    request: Asked,
    threads: Count('The most tasks that run at once.'),
    running: Count('Tasks running now.'),
    progress: Progress,
    error_count: Count('Tables and objects that failed while the job went on.'),
    error: nullable(StoredError),
    result: nullable(Result),
    restarts: Count('How often the data was started again under a new snapshot.'),
    created_at: Timestamp('When it was asked for.'),
    started_at: nullable(Timestamp('When its work began.')),
    finished_at: nullable(Timestamp('When it came to rest.')),
    links: Type.Object({
      self: Type.String(),
      tables: Type.String(),
      log: Type.String(),
      events: Type.String(),
      files: Type.String(),
    }),
  },
  { $id: 'Job', description: 'An export, import or verification.' },
);
export type JobView = Static<typeof JobSchema>;

/** A job as this API shows it. `prefix`: of the API. */
export function jobView(job: Job, rate: Rate, prefix: string): JobView {
  const self = `${prefix}/jobs/${encodeURIComponent(job.id)}`;
  return {
    id: job.id,
    name: job.name,
    kind: job.kind,
    state: stateWords[job.state],
    owner: job.owner,
    database: job.database === '' ? null : job.database,
    api: job.api,
    request: askedView(job),
    threads: job.threads,
    running: job.running,
    progress: progressView(job, rate),
    error_count: job.errorCount,
    error: job.error === null ? null : { ...job.error, field: job.error.field ?? null },
    result: resultView(job.result),
    restarts: job.restarts,
    created_at: timestamp(job.createdAt),
    started_at: job.startedAt === null ? null : timestamp(job.startedAt),
    finished_at: job.finishedAt === null ? null : timestamp(job.finishedAt),
    links: {
      self,
      tables: `${self}/tables`,
      log: `${self}/log`,
      events: `${self}/events`,
      files: `${self}/files`,
    },
  };
}

function askedView({ request }: Job): JobView['request'] {
  const selection = request.kind === 'verify' ? null : request.selection;
  return {
    mode: selection?.mode ?? null,
    name_expressions: [...(selection?.nameExpressions ?? [])],
    schema_expressions: [...(selection?.schemaExpressions ?? [])],
    tablespace_expressions: [...(selection?.tablespaceExpressions ?? [])],
    ...locationView(request.location),
    file_pattern: request.filePattern,
    encoding: request.kind === 'export' ? request.encoding : null,
    remap_schemas: request.kind === 'import' ? request.remapSchemas.map((remap) => ({ ...remap })) : [],
  };
}

function progressView(job: Job, rate: Rate): JobView['progress'] {
  const { bytesDone, bytesTotal, rowsDone, rowsTotal, unitsDone, unitsTotal } = job.progress;
  return {
    percent: percentOf(job),
    bytes_done: Math.round(bytesDone),
    bytes_total: Math.round(bytesTotal),
    rows_done: Math.round(rowsDone),
    rows_total: Math.round(rowsTotal),
    units_done: unitsDone,
    units_total: unitsTotal,
    bytes_per_second: rate.bytesPerSecond,
    seconds_left: rate.secondsLeft,
  };
}

/** One decimal. Totals are estimates, so that more than all may be done before the end. */
function percentOf(job: Job): number {
  if (job.state === 'completed') return 100;
  const { bytesDone, bytesTotal } = job.progress;
  if (bytesTotal <= 0) return 0;
  return Math.min(99.9, Math.floor((bytesDone / bytesTotal) * 1000) / 10);
}

/** What the operations summed up, as far as every reader understands it. */
function resultView(result: unknown): JobView['result'] {
  if (typeof result !== 'object' || result === null) return null;
  const { tables, rows, bytes, files, failedTables, damaged } = result as Readonly<Record<string, unknown>>;
  const count = (value: unknown): number | null =>
    typeof value === 'number' ? value : Array.isArray(value) ? value.length : null;
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  return {
    tables: count(tables),
    rows: count(rows),
    bytes: count(bytes),
    files: count(files),
    failed_tables: texts(failedTables),
    damaged_files: texts(damaged),
  };
}

export const TableProgressSchema = Type.Object(
  {
    schema: nullable(Type.String({ description: 'Null where one file holds several tables.' })),
    name: nullable(Type.String({ description: 'Name of the table; null where one file holds several.' })),
    label: Type.String({ description: 'What is counted, for people.' }),
    bytes_done: Count('Uncompressed bytes moved.'),
    bytes_total: Count('Uncompressed bytes to move; an estimate.'),
    rows_done: Count('Rows moved.'),
    units_done: Count('Units of data finished.'),
    units_total: Count('Units of data planned.'),
    failed: Count('Units that failed.'),
  },
  { $id: 'TableProgress' },
);

/** What one table of a job has done so far. */
export function tableProgressView(progress: TableProgress): Static<typeof TableProgressSchema> {
  const label = progress.group.replace(/^data(?:-file)?:/, '');
  const table = /^("(?:[^"\\]|\\.)*")\.("(?:[^"\\]|\\.)*")$/.exec(label);
  return {
    schema: table === null ? null : (JSON.parse(table[1] as string) as string),
    name: table === null ? null : (JSON.parse(table[2] as string) as string),
    label,
    bytes_done: Math.round(progress.bytesDone),
    bytes_total: Math.round(progress.bytesTotal),
    rows_done: Math.round(progress.rowsDone),
    units_done: progress.unitsDone,
    units_total: progress.unitsTotal,
    failed: progress.failed,
  };
}
