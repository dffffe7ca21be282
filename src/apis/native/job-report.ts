import Type, { type Static } from 'typebox';
import { AppError } from '../../core/errors.ts';
import {
  type DryRunReport,
  dryRunActions,
  type EstimateReport,
  type JobReport,
} from '../../core/job-report.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { StoredError } from './problem.ts';
import { Count, nullable, words } from './schema-parts.ts';

const Action = words(dryRunActions, 'What would be done; refuse: nothing, and the reason says why.');
const Reason = Type.String({ description: 'Why, where the action does not speak for itself; else empty.' });

const Estimate = Type.Object(
  {
    kind: Type.Literal('estimate'),
    rows: Count('Rows of all tables.'),
    bytes: Count('Bytes of all tables, before compression.'),
    tables: Type.Array(
      Type.Object({
        schema: Type.String(),
        name: Type.String(),
        rows: Count('Rows.'),
        bytes: Count('Bytes, before compression.'),
      }),
      { description: 'Largest first.' },
    ),
  },
  { $id: 'EstimateReport', description: 'What an export would read, by the statistics of the database.' },
);

const DryRun = Type.Object(
  {
    kind: Type.Literal('dry_run'),
    error: nullable(StoredError),
    tables: Type.Array(
      Type.Object({
        schema: Type.String(),
        name: Type.String(),
        action: Action,
        rows: Count('Rows in the dump set.'),
        bytes: Count('Uncompressed bytes in the dump set.'),
        reason: Reason,
      }),
      { description: 'The tables, under the names that they would have.' },
    ),
    objects: Type.Array(
      Type.Object({
        type: Type.String({ description: 'TABLE, INDEX, CONSTRAINT, VIEW ...' }),
        schema: nullable(Type.String()),
        name: Type.String(),
        action: Action,
        reason: Reason,
      }),
      { description: 'All objects, in the order of the work.' },
    ),
    left_alone: Type.Array(Type.String(), {
      description:
        'Places where a remap would leave a name as it is (bodies of functions), and remaps that change nothing.',
    }),
    warnings: Type.Array(Type.String(), {
      description: 'What the import would warn of, such as roles that the target does not have.',
    }),
  },
  {
    $id: 'DryRunReport',
    description:
      'What an import would do. `error`: what would stop it as a whole; null: it would run, and what is marked `refuse` would fail or be left out.',
  },
);

const JobReportSchema = Type.Union([Estimate, DryRun], { description: '`kind` tells which.' });

const estimateView = (report: EstimateReport): Static<typeof Estimate> => ({
  kind: 'estimate',
  rows: Math.round(report.rows),
  bytes: Math.round(report.bytes),
  tables: report.tables.map(({ schema, name, rows, bytes }) => ({
    schema,
    name,
    rows: Math.round(rows),
    bytes: Math.round(bytes),
  })),
});

const dryRunView = (report: DryRunReport): Static<typeof DryRun> => ({
  kind: 'dry_run',
  error: report.error === null ? null : { ...report.error, field: report.error.field ?? null },
  tables: report.tables.map(({ schema, name, action, rows, bytes, reason }) => ({
    schema,
    name,
    action,
    rows,
    bytes,
    reason,
  })),
  objects: report.objects.map(({ type, schema, name, action, reason }) => ({
    type,
    schema,
    name,
    action,
    reason,
  })),
  left_alone: [...report.leftAlone],
  warnings: [...report.warnings],
});

const reportView = (report: JobReport): Static<typeof JobReportSchema> =>
  report.kind === 'estimate' ? estimateView(report) : dryRunView(report);

/** What an estimate or a dry run found. */
export function jobReportRoute(service: Service): Route {
  return {
    method: 'GET',
    path: '/jobs/:id/report',
    operationId: 'getJobReport',
    summary: 'Show what an estimate or a dry run found',
    description:
      'Of exports with `estimate` and imports with `dry_run`, once they are completed; 404 otherwise.',
    tags: ['jobs'],
    access: 'authenticated',
    params: Type.Object({ id: Type.String({ description: 'Id of the job.' }) }),
    responses: { 200: { description: 'The report.', schema: JobReportSchema } },
    async handle(request) {
      const id = request.params.id as string;
      const report = await service.jobReport(callContext(request), id);
      if (report !== null) return { status: 200, body: reportView(report) };
      throw new AppError('report-unknown', { field: 'id', message: `The job ${id} has no report.` });
    },
  };
}
