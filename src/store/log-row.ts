import type { Selectable } from 'kysely';
import type { JobLogEntry, NewJobLogEntry } from '../core/job.ts';
import type { JobLogTable } from './schema.ts';
import { type Trx, toJson } from './store-context.ts';

/** Rows of one insert: keeps the number of parameters far below every database's limit. */
const batch = 500;

/** Writes entries with the seqs that follow `lastSeq`; the caller raises the job's `log_seq`. */
export async function appendLogRows(
  trx: Trx,
  jobId: string,
  lastSeq: number,
  at: number,
  entries: readonly NewJobLogEntry[],
): Promise<void> {
  for (let start = 0; start < entries.length; start += batch) {
    const rows = entries.slice(start, start + batch).map((entry, index) => ({
      job_id: jobId,
      seq: lastSeq + start + index + 1,
      at,
      level: entry.level,
      event: entry.event,
      message: entry.message,
      data_json: toJson(entry.data),
    }));
    await trx.insertInto('job_log').values(rows).execute();
  }
}

export function toLogEntry(row: Selectable<JobLogTable>): JobLogEntry {
  return {
    seq: row.seq,
    at: row.at,
    level: row.level,
    event: row.event,
    message: row.message,
    data: JSON.parse(row.data_json) as Readonly<Record<string, unknown>>,
  };
}
