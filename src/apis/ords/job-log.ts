import { isResting, type Job, type JobLogEntry, restingStates } from '../../core/job.ts';
import type { JobReport } from '../../core/job-report.ts';
import { endLine, entryLines, resumeLine, startLine } from './log-lines.ts';
import { reportLines } from './report-lines.ts';

/** Reads the entries after a sequence number, in order; none when all were read. */
export type ReadEntries = (afterSeq: number) => Promise<readonly JobLogEntry[]>;

const isEnding = (entry: JobLogEntry): boolean =>
  entry.event === 'state' && restingStates.some((state) => state === entry.data.state);

/**
 * The log of a job in Data Pump's lines, with what there is so far. The last line of a job at rest tells how it ended: it comes after
 * every entry, even if the job came to rest while its log was read.
 * @param reread the job as it is now
 * @param report what the job found that only estimates or tries; null for others
 */
export async function* renderLog(
  job: Job,
  read: ReadEntries,
  reread: () => Promise<Job>,
  report: () => Promise<JobReport | null>,
): AsyncGenerator<string> {
  yield `${startLine(job)}\n`;
  let current = job;
  let seen = 0;
  let ending: JobLogEntry | null = null;
  for (;;) {
    const entries = await read(seen);
    if (entries.length === 0) {
      if (isResting(current.state)) break;
      current = await reread();
      if (!isResting(current.state)) return;
      continue;
    }
    const lines: string[] = [];
    for (const entry of entries) {
      seen = entry.seq;
      if (isEnding(entry)) {
        ending = entry;
      } else if (ending !== null && entry.event === 'state') {
        // It was resumed: that ending was not the last word.
        lines.push(endLine({ ...current, error: null }, ending.data.state, ending.at), resumeLine(job));
        ending = null;
      } else {
        lines.push(...entryLines(current, entry));
      }
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
  const found = current.state === 'completed' ? await report() : null;
  for (const line of found === null ? [] : reportLines(found)) yield `${line}\n`;
  const at = ending?.at ?? current.finishedAt ?? current.createdAt;
  yield `${endLine(current, current.state, at)}\n`;
}
