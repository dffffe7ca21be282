import type { ErrorCode } from '../../core/error-catalogue.ts';
import type { Job, JobLogEntry } from '../../core/job.ts';
import { ownerName } from './job-item.ts';

/** Numbers that scripts look for, where the error is the very one that Data Pump has a number for. */
const oracleNumbers: Readonly<Partial<Record<ErrorCode, string>>> = {
  'object-exists': 'ORA-31684',
  'selection-empty': 'ORA-31655',
  'file-missing': 'ORA-31640',
  'file-exists': 'ORA-27038',
};

const tableDataSkipped = 'ORA-31693';
const objectFailed = 'ORA-39083';

/** Column at which the size begins, and the widths of the figures, as Data Pump prints them. */
const sizeColumn = 58;
const sizeWidth = 5;
const rowsWidth = 7;
const rule = '*'.repeat(78);

/** Names come from databases and may hold anything; a log stays one line per line. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');
export const quoted = (name: string): string => `"${printable(name).replaceAll('"', '""')}"`;
export const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, ' ').trim();

/** `"HARBOR"."DATAPUMP_REST_EXPORT_20260214093007"` */
const jobInQuotes = (job: Job): string => `${quoted(ownerName(job))}.${quoted(job.name)}`;

/** `Sat Feb 14 09:33:17 2026`, UTC. */
export function dateText(at: number): string {
  const [, weekday, day, month, year, time] =
    /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(at).toUTCString()) ?? [];
  return `${weekday} ${month} ${Number(day)} ${time} ${year}`;
}

/** `0 00:03:10`: days, then hours, minutes and seconds. */
export function elapsedText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const text = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return `${Math.floor(seconds / 86_400)} ${text}`;
}

const units = ['KB', 'MB', 'GB', 'TB'] as const;

/** Four significant digits in KB, MB, GB or TB, below 1 KB three decimals; `0 KB` for nothing. */
export function sizeText(bytes: number): { readonly figure: string; readonly unit: string } {
  if (bytes <= 0) return { figure: '0', unit: 'KB' };
  let value = bytes / 1024;
  let at = 0;
  // What would round to 1024 is 1.000 of the next unit.
  while (Number(value.toPrecision(4)) >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  const figure =
    value >= 1000 ? String(Math.round(value)) : value < 1 ? value.toFixed(3) : value.toPrecision(4);
  return { figure, unit: units[at] as string };
}

/** `. . exported "HARBOR"."BERTHS"                            746.2 MB 6003632 rows` */
export function tableLine(table: {
  readonly operation: string;
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}): string {
  return `${sizedLine(`. . ${table.operation}`, table)} ${String(table.rows).padStart(rowsWidth)} rows`;
}

/** `.  estimated "HARBOR"."BERTHS"                           746.2 MB` */
export function sizedLine(
  lead: string,
  table: { readonly schema: string; readonly name: string; readonly bytes: number },
): string {
  const head = `${lead} ${quoted(table.schema)}.${quoted(table.name)}`;
  const { figure, unit } = sizeText(table.bytes);
  return `${head.padEnd(sizeColumn - 1)} ${figure.padStart(sizeWidth)} ${unit}`;
}

/** The first line. */
export const startLine = (job: Job): string => `Starting ${jobInQuotes(job)}:`;

/** Where a job goes on that was stopped or had failed. */
export const resumeLine = (job: Job): string => `Restarting ${jobInQuotes(job)}:`;

/** The last line, which people look at first: how and when the job came to rest, and after how long. */
export function endLine(job: Job, state: unknown, at: number): string {
  const name = `Job ${jobInQuotes(job)}`;
  const when = `at ${dateText(at)} elapsed ${elapsedText(at - (job.startedAt ?? job.createdAt))}`;
  if (state === 'completed') {
    return job.errorCount === 0
      ? `${name} successfully completed ${when}`
      : `${name} completed with ${job.errorCount} error(s) ${when}`;
  }
  if (state !== 'failed') return `${name} stopped by user request ${when}`;
  const { error } = job;
  const reason = error === null ? '' : `: ${numbered(error.code, oneLine(`${error.message} ${error.hint}`))}`;
  return `${name} stopped due to fatal error ${when}${reason}`;
}

function numbered(code: ErrorCode, message: string): string {
  const number = oracleNumbers[code];
  return number === undefined ? message : `${number}: ${message}`;
}

const word = (entry: JobLogEntry, name: string): string | undefined => {
  const value = entry.data[name];
  return typeof value === 'string' ? value : undefined;
};
const figure = (entry: JobLogEntry, name: string): number => {
  const value = entry.data[name];
  return typeof value === 'number' ? value : 0;
};

/** The lines of one entry; changes of state have theirs at the start and the end of the log. */
export function entryLines(job: Job, entry: JobLogEntry): readonly string[] {
  switch (entry.event) {
    case 'state':
      return [];
    case 'plan':
      return planLines(job, entry);
    case 'object-type':
      return [`Processing object type ${word(entry, 'path') ?? oneLine(entry.message)}`];
    case 'table':
      return [
        tableLine({
          operation: word(entry, 'operation') ?? (job.kind === 'import' ? 'imported' : 'exported'),
          schema: word(entry, 'schema') ?? '',
          name: word(entry, 'name') ?? '',
          bytes: figure(entry, 'bytes'),
          rows: figure(entry, 'rows'),
        }),
      ];
    case 'files':
      return fileLines(job, entry);
    case 'error':
      return errorLines(entry);
    case 'finding':
    case 'restart':
    case 'note':
      // What an estimate notes of its tables stands in its report.
      if (job.request.kind === 'export' && job.request.estimate && entry.level === 'info') return [];
      return [entry.level === 'warn' ? `Warning: ${oneLine(entry.message)}` : oneLine(entry.message)];
    default:
      return entry.event satisfies never;
  }
}

function planLines(job: Job, entry: JobLogEntry): readonly string[] {
  if (job.kind === 'import') return [`Master table ${jobInQuotes(job)} successfully loaded/unloaded`];
  return [estimationLine(figure(entry, 'bytes'))];
}

/** `Total estimation using STATISTICS method: 746.2 MB` */
export function estimationLine(bytes: number): string {
  const { figure: size, unit } = sizeText(bytes);
  return `Total estimation using STATISTICS method: ${size} ${unit}`;
}

function fileLines(job: Job, entry: JobLogEntry): readonly string[] {
  const files = Array.isArray(entry.data.files) ? entry.data.files.map(String) : [];
  return [
    `Master table ${jobInQuotes(job)} successfully loaded/unloaded`,
    rule,
    `Dump file set for ${printable(ownerName(job))}.${printable(job.name)} is:`,
    ...files.sort().map((name) => `  ${printable(name)}`),
  ];
}

function errorLines(entry: JobLogEntry): readonly string[] {
  const message = oneLine(entry.message);
  const schema = word(entry, 'schema');
  const name = word(entry, 'name');
  if (schema !== undefined && name !== undefined) {
    const table = `${quoted(schema)}.${quoted(name)}`;
    return [
      `${tableDataSkipped}: Table data object ${table} failed to load/unload and is being skipped due to error:`,
      message,
    ];
  }
  const type = word(entry, 'type');
  const object = word(entry, 'object');
  if (type !== undefined && object !== undefined) {
    return [`${objectFailed}: Object type ${type}:${quoted(object)} failed to create with error:`, message];
  }
  return [numbered((word(entry, 'code') ?? 'internal') as ErrorCode, message)];
}
