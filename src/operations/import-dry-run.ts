import { AppError, isInterruption, toErrorRecord } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { DryRunReport } from '../core/job-report.ts';
import type { ImportRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import { decideImport, type ImportDecision } from './import-decision.ts';
import type { ImportPlace } from './import-source.ts';
import { logLine, readLine } from './log-lines.ts';
import type { ImportResult } from './plan-types.ts';
import { warnLine } from './target-lines.ts';
import { setBytesOf } from './verify-file.ts';

/** Decides all the same, and ends the job with a report; the target is only looked at. */
export async function dryRunImport(
  environment: Environment,
  request: ImportRequest,
  place: ImportPlace,
  context: TaskContext,
): Promise<TaskOutcome> {
  let error: DryRunReport['error'] = null;
  const keep = (caught: unknown): void => {
    if (!isVerdict(caught)) throw caught;
    error ??= toErrorRecord(caught);
  };
  let decision: ImportDecision | null = null;
  try {
    decision = await decideImport(environment, request, place, keep, context);
  } catch (caught) {
    keep(caught);
  }
  const report: DryRunReport = {
    kind: 'dry_run',
    error,
    objects: decision?.target.report.objects ?? [],
    tables: decision?.target.report.tables ?? [],
    leftAlone: decision?.leftAlone ?? [],
    warnings: warningsOf(decision),
  };
  const bytesRead = place.storage.bytesRead();
  const jobResult: ImportResult = { tables: 0, rows: 0, failedTables: [], bytesRead };
  return {
    type: 'done',
    result: report,
    jobResult,
    log: [
      ...(decision?.log ?? []),
      ...summaryLines(report),
      ...readLines(decision, bytesRead, request.ownFiles === null),
    ],
  };
}

function warningsOf(decision: ImportDecision | null): readonly string[] {
  const leftAlone = new Set(decision?.leftAlone);
  return (decision?.log ?? []).flatMap(({ level, message }) =>
    level === 'warn' && !leftAlone.has(message) ? message : [],
  );
}

/** An error that says something about the import, and would say it again. */
const isVerdict = (error: unknown): boolean =>
  error instanceof AppError && !error.temporary && !isInterruption(error) && error.kind !== 'internal';

function summaryLines({ error, objects, tables }: DryRunReport): readonly NewJobLogEntry[] {
  const counts = (some: readonly { readonly action: string }[]): string =>
    [...Map.groupBy(some, ({ action }) => action)]
      .map(([action, of]) => `${action} ${of.length}`)
      .join(', ') || 'none';
  const refused = [...objects, ...tables].filter(({ action }) => action === 'refuse').length;
  return [
    ...(error === null
      ? []
      : [warnLine(`The import would stop: ${error.message} ${error.hint}`, { code: error.code })]),
    ...(error === null && refused > 0
      ? [warnLine(`The import would run, and ${refused} objects would fail or be left out.`)]
      : []),
    logLine(
      'note',
      `Dry run, nothing was changed. Objects: ${counts(objects)}. Tables with rows: ${counts(tables)}.`,
    ),
  ];
}

const readLines = (
  decision: ImportDecision | null,
  bytesRead: number,
  ofSet: boolean,
): readonly NewJobLogEntry[] =>
  decision === null ? [] : [readLine(bytesRead, setBytesOf(decision.source.manifest), ofSet)];
