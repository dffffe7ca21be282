import type { DryRunReport, EstimateReport, JobReport } from '../../core/job-report.ts';
import { estimationLine, oneLine, quoted, sizedLine } from './log-lines.ts';

/** What an estimate or a dry run found, as lines of the log; the entries of the log tell the rest. */
export const reportLines = (report: JobReport): readonly string[] =>
  report.kind === 'estimate' ? estimateLines(report) : dryRunLines(report);

/** As Data Pump's ESTIMATE_ONLY prints them. */
const estimateLines = ({ tables, bytes }: EstimateReport): readonly string[] => [
  ...tables.map((table) => sizedLine('.  estimated', table)),
  estimationLine(bytes),
];

function dryRunLines({ objects, tables }: DryRunReport): readonly string[] {
  const line = (type: string, place: string, action: string, reason: string): string =>
    `. . ${type} ${place}: ${action}${reason === '' ? '' : `, ${oneLine(reason)}`}`;
  return [
    ...objects.map(({ type, schema, name, action, reason }) =>
      line(type, schema === null ? quoted(name) : `${quoted(schema)}.${quoted(name)}`, action, reason),
    ),
    ...tables.map(({ schema, name, action, rows, reason }) =>
      line('TABLE_DATA', `${quoted(schema)}.${quoted(name)} ${rows} rows`, action, reason),
    ),
  ];
}
