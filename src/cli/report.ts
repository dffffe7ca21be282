import { type ErrorCode, errorCatalogue } from '../core/error-catalogue.ts';
import { errorKindOf } from '../core/errors.ts';
import type { ApiClient } from './client.ts';
import { exitCodeOfKind } from './exit-codes.ts';
import { formatBytes, formatCount, formatCounted, formatTable } from './format.ts';
import type { CommandEnd, Session } from './session.ts';

/** What the command line reads of a report of the native API. */
type Report = EstimateReport | DryRunReport;

interface EstimateReport {
  readonly kind: 'estimate';
  readonly rows: number;
  readonly bytes: number;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
}

interface DryRunReport {
  readonly kind: 'dry_run';
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly action: string;
    readonly rows: number;
    readonly bytes: number;
    readonly reason: string;
  }[];
  readonly objects: readonly {
    readonly type: string;
    readonly schema: string | null;
    readonly name: string;
    readonly action: string;
    readonly reason: string;
  }[];
  readonly left_alone: readonly string[];
  readonly warnings: readonly string[];
}

/** Prints what an estimate or a dry run found. A dry run of an import that would stop ends as the import would be refused. */
export async function showReport(session: Session, client: ApiClient, id: string): Promise<CommandEnd> {
  const report = await client.json<Report>({
    method: 'GET',
    path: `/api/v1/jobs/${encodeURIComponent(id)}/report`,
  });
  session.show(report, () => (report.kind === 'estimate' ? estimateText(report) : dryRunText(report)));
  if (report.kind === 'estimate' || report.error === null) return 'ok';
  const { code } = report.error;
  return code in errorCatalogue ? exitCodeOfKind[errorKindOf(code as ErrorCode)] : 'internal';
}

const estimateText = ({ tables, rows, bytes }: EstimateReport): string =>
  [
    formatTable(
      ['schema', 'table', 'rows', 'size'],
      tables.map((table) => [table.schema, table.name, formatCount(table.rows), formatBytes(table.bytes)]),
    ),
    `Estimate: ${formatCounted(tables.length, 'table')}, ${formatCounted(rows, 'row')}, ${formatBytes(bytes)} before compression. Nothing was read or written.`,
  ].join('\n');

function dryRunText({ objects, tables, left_alone, warnings, error }: DryRunReport): string {
  const counts = new Map<string, number>();
  for (const { action } of objects) counts.set(action, (counts.get(action) ?? 0) + 1);
  const summary = [...counts].map(([action, count]) => `${action} ${formatCount(count)}`).join(', ');
  return [
    formatTable(
      ['type', 'schema', 'name', 'action', 'reason'],
      objects.map(({ type, schema, name, action, reason }) => [type, schema ?? '', name, action, reason]),
    ),
    '',
    formatTable(
      ['schema', 'table', 'rows', 'size', 'action', 'reason'],
      tables.map((table) => [
        table.schema,
        table.name,
        formatCount(table.rows),
        formatBytes(table.bytes),
        table.action,
        table.reason,
      ]),
    ),
    '',
    ...[...left_alone, ...warnings].map((line) => `warn: ${line}`),
    `Dry run, nothing was changed. Objects: ${summary === '' ? 'none' : summary}.`,
    error === null
      ? runText([...objects, ...tables])
      : `The import would stop: ${error.message}\n${error.hint}`,
  ].join('\n');
}

function runText(some: readonly { readonly action: string }[]): string {
  const refused = some.filter(({ action }) => action === 'refuse').length;
  return refused === 0
    ? 'The import would run.'
    : `The import would run with errors: ${formatCounted(refused, 'object')} would fail or be left out (refuse).`;
}
