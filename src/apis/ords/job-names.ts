import type { JobKind } from '../../core/job.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** `YYYY MM DD HH24 MI SS` of an instant, in UTC. */
function fields(at: number): readonly [string, string, string, string, string, string] {
  const date = new Date(at);
  return [
    String(date.getUTCFullYear()).padStart(4, '0'),
    two(date.getUTCMonth() + 1),
    two(date.getUTCDate()),
    two(date.getUTCHours()),
    two(date.getUTCMinutes()),
    two(date.getUTCSeconds()),
  ];
}

/** `DATAPUMP_REST_EXPORT_YYYYMMDDHH24MISS`, UTC. */
export const jobName = (operation: 'EXPORT' | 'IMPORT', at: number): string =>
  `DATAPUMP_REST_${operation}_${fields(at).join('')}`;

/** Candidate names of a start at `at`: the next free second on a clash, so that the 14 digits stay a time. */
export const jobNames =
  (operation: 'EXPORT' | 'IMPORT', at: number) =>
  (attempt: number): string =>
    jobName(operation, at + attempt * 1000);

/** `YYYY-MM-DD-HH24_MI_SS`: the second in a job's name as its files spell it. */
function fileStamp(name: string): string {
  const digits = /(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(name);
  if (digits === null) return name;
  const [, year, month, day, hour, minute, second] = digits;
  return `${year}-${month}-${day}-${hour}_${minute}_${second}`;
}

/** `EXPDAT-2026-02-14-09_30_07.LOG`: the log's name, of the same second as the job's. */
export const logName = (kind: JobKind, name: string): string =>
  `${kind === 'import' ? 'IMPDAT' : 'EXPDAT'}-${fileStamp(name)}.LOG`;

/** `EXPDAT%U-2026-02-14-09_30_07.DMP`: where an export without `file_name` goes. */
export const defaultDumpName = (name: string): string => `EXPDAT%U-${fileStamp(name)}.DMP`;
