import Type, { type Static } from 'typebox';
import { type Job, type JobKind, type JobState, jobStates, type TableProgress } from '../../core/job.ts';
import { AskedSchema, askedView } from './asked-view.ts';
import { StoredError } from './problem.ts';
import type { Rate } from './rate-meter.ts';
import { Count, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

export const jobKinds = [
  'export',
  'import',
  'copy',
  'verify',
  'dump_copy',
  'dump_delete',
  'backup',
  'backup_verify',
  'backup_delete',
  'restore',
  'run',
  'definition_import',
] as const satisfies readonly JobKind[];

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

const RunFigures = Type.Object({
  total: Count('Nodes of the definition.'),
  completed: Count('Nodes that did what they should.'),
  failed: Count('Nodes that failed.'),
  ignored: Count('Nodes that failed, which was allowed.'),
  skipped: Count('Nodes that no way led to.'),
});

const ImportedItem = Type.Object({
  kind: Type.String({ description: 'definition, script, resource or connection.' }),
  name: Type.String({ description: 'Its name.' }),
  outcome: Type.String({
    description: 'added, overwritten, skipped, refused, or left because others were refused.',
  }),
  message: Type.String({ description: 'Why it was refused, or what else is to be said.' }),
});

const Result = Type.Object({
  tables: nullable(Count('Tables moved.')),
  rows: nullable(Count('Rows moved.')),
  bytes: nullable(Count('Stored bytes of the dump files.')),
  bytes_read: nullable(Count('Bytes of the dump files that an import has read, of all that they hold.')),
  files: nullable(Count('Dump files written, checked, copied or removed.')),
  failed_tables: Texts('Tables whose data is not whole.'),
  damaged_files: Texts('Dump files that differ from their digest.'),
  backup: nullable(Count('Id of the backup that was made, proved or restored.')),
  tag: nullable(Type.String({ description: 'Its tag.' })),
  removed_backups: Type.Array(Count('Id.'), { description: 'Backups whose files were removed.' }),
  message: nullable(Type.String({ description: 'What a proof has compared, or found wrong.' })),
  old: nullable(Type.String({ description: 'Where what a restore replaced is kept.' })),
  nodes: nullable(RunFigures),
  items: Type.Array(ImportedItem, {
    description: 'What became of each thing that an import of definitions brought.',
  }),
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
    database: nullable(
      Type.String({
        description:
          'Name of the database, of a copy that of the source; null for jobs that are about a dump set alone.',
      }),
    ),
    api: Type.String({ description: 'Which API took the request.' }),
    request: AskedSchema,
    threads: Count('The most tasks that run at once.'),
    priority: Type.Integer({ description: 'From -10 to 10: jobs of a higher one go first.' }),
    running: Count('Tasks running now.'),
    progress: Progress,
    error_count: Count('Tables and objects that failed while the job went on.'),
    error: nullable(StoredError),
    result: nullable(Result),
    waiting_for: nullable(
      Type.Object(
        {
          message: Type.String({ description: 'What does not answer.' }),
          until: Timestamp('When it is tried again; in the past: it is being tried.'),
        },
        { description: 'Not null while the job waits out an outage.' },
      ),
    ),
    restarts: Count('How often the data was started again under a new snapshot.'),
    parent: nullable(
      Type.Object(
        {
          id: Type.String({ description: 'Id of that job.' }),
          step: Type.String({ description: 'What this one is to it.' }),
        },
        { description: 'The job that started this one; stopped, resumed and cancelled with it.' },
      ),
    ),
    created_at: Timestamp('When it was asked for.'),
    started_at: nullable(Timestamp('When its work began.')),
    finished_at: nullable(Timestamp('When it came to rest.')),
    links: Type.Object({
      self: Type.String(),
      tables: Type.String(),
      log: Type.String(),
      events: Type.String(),
      files: Type.String(),
      report: nullable(Type.String({ description: 'What an estimate or a dry run found.' })),
    }),
  },
  {
    $id: 'Job',
    description:
      'An export, import, copy, verification, backup, restore, the run of a definition, or the copying or removal of a dump set. Figures of a job that starts others are those of all of them.',
  },
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
    request: askedView(job.request),
    threads: job.threads,
    priority: job.priority,
    running: job.running,
    progress: progressView(job, rate),
    error_count: job.errorCount,
    error: job.error === null ? null : { ...job.error, field: job.error.field ?? null },
    result: resultView(job.result),
    waiting_for:
      job.waitingFor === null
        ? null
        : { message: job.waitingFor.message, until: timestamp(job.waitingFor.until) },
    restarts: job.restarts,
    parent: job.parent === null ? null : { id: job.parent.jobId, step: job.parent.step },
    created_at: timestamp(job.createdAt),
    started_at: job.startedAt === null ? null : timestamp(job.startedAt),
    finished_at: job.finishedAt === null ? null : timestamp(job.finishedAt),
    links: {
      self,
      tables: `${self}/tables`,
      log: `${self}/log`,
      events: `${self}/events`,
      files: `${self}/files`,
      report: hasReport(job) ? `${self}/report` : null,
    },
  };
}

/** Estimates and dry runs change nothing; what they found is in their report. */
const hasReport = ({ request }: Job): boolean =>
  (request.kind === 'export' && request.estimate) || (request.kind === 'import' && request.dryRun);

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

/** How the nodes of a run ended; null: it was no run. */
function runFigures(result: Readonly<Record<string, unknown>>): Static<typeof RunFigures> | null {
  const { nodes, completed, failed, ignored, skipped } = result;
  if (typeof nodes !== 'number') return null;
  return {
    total: nodes,
    completed: Number(completed),
    failed: Number(failed),
    ignored: Number(ignored),
    skipped: Number(skipped),
  };
}

/** What the operations summed up, as far as every reader understands it. */
function resultView(result: unknown): JobView['result'] {
  if (typeof result !== 'object' || result === null) return null;
  const { tables, rows, bytes, bytesRead, files, failedTables, damaged, ...more } = result as Readonly<
    Record<string, unknown>
  >;
  const count = (value: unknown): number | null =>
    typeof value === 'number' ? value : Array.isArray(value) ? value.length : null;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  return {
    tables: count(tables),
    rows: count(rows),
    bytes: count(bytes),
    bytes_read: count(bytesRead),
    files: count(files),
    failed_tables: texts(failedTables),
    damaged_files: texts(damaged),
    backup: count(more.backup),
    tag: text(more.tag),
    removed_backups: Array.isArray(more.removed) ? more.removed.map(Number) : [],
    message: text(more.message),
    old: text(more.old),
    nodes: runFigures(more),
    items: Array.isArray(more.items) ? (more.items as Static<typeof ImportedItem>[]) : [],
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
