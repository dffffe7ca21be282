import { tableKey } from '../core/catalogue.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { EstimateReport } from '../core/job-report.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskOutcome } from '../jobs/handler.ts';
import { logLine } from './log-lines.ts';

/** Tables that the log tells of, one by one; the report has them all. */
const listed = 100;

/** The end of an export that only estimates: its plan is its result. */
export function estimated(units: readonly Unit[]): TaskOutcome {
  const report = estimateReport(units);
  return { type: 'done', result: report, log: estimateLines(report) };
}

function estimateReport(units: readonly Unit[]): EstimateReport {
  const tables = [...Map.groupBy(units, (unit) => tableKey(unit.table)).values()].map((parts) => ({
    schema: parts[0]?.table.schema ?? '',
    name: parts[0]?.table.name ?? '',
    rows: sum(parts.map(({ estimate }) => estimate.rows)),
    bytes: sum(parts.map(({ estimate }) => estimate.bytes)),
  }));
  return {
    kind: 'estimate',
    rows: sum(tables.map(({ rows }) => rows)),
    bytes: sum(tables.map(({ bytes }) => bytes)),
    tables: tables.sort((a, b) => b.bytes - a.bytes),
  };
}

function estimateLines({ tables, rows, bytes }: EstimateReport): readonly NewJobLogEntry[] {
  const more = tables.length - listed;
  return [
    ...tables
      .slice(0, listed)
      .map((table) =>
        logLine('note', `estimated ${tableKey(table)}: ${table.rows} rows, ${table.bytes} bytes`),
      ),
    ...(more > 0 ? [logLine('note', `and ${more} smaller tables`)] : []),
    logLine('note', `Estimated from the statistics: ${tables.length} tables, ${rows} rows, ${bytes} bytes.`),
  ];
}

const sum = (figures: readonly number[]): number =>
  Math.round(figures.reduce((total, figure) => total + figure, 0));
