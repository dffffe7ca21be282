import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, canResumeHelp } from '../core/errors.ts';
import { isResting, type JobState } from '../core/job.ts';
import type { ApiClient } from './client.ts';
import type { ExitCodeName } from './exit-codes.ts';
import { formatBytes, formatCounted } from './format.ts';
import { askWhatToDo } from './interrupt-choice.ts';
import { createProgressDisplay } from './progress.ts';
import { showReport } from './report.ts';
import type { CommandEnd, Session } from './session.ts';

/** What the command line reads of a job of the native API. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: JobState;
  readonly database: string | null;
  readonly owner: string;
  readonly threads: number;
  readonly progress: {
    readonly percent: number;
    readonly bytes_done: number;
    readonly bytes_total: number;
    readonly rows_done: number;
  };
  readonly error_count: number;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly result: {
    readonly tables: number | null;
    readonly rows: number | null;
    readonly bytes: number | null;
    readonly files: number | null;
    readonly bytes_read: number | null;
    readonly failed_tables: readonly string[];
    readonly damaged_files: readonly string[];
    readonly backup: number | null;
    readonly tag: string | null;
    readonly removed_backups: readonly number[];
    readonly message: string | null;
    readonly old: string | null;
  } | null;
  readonly waiting_for: { readonly message: string; readonly until: string } | null;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly request: { readonly target: string | null };
  readonly links: { readonly report: string | null };
}

interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly message: string;
}

const pollMs = 250;
export const getJob = (client: ApiClient, id: string): Promise<JobView> =>
  client.json<JobView>({ method: 'GET', path: `/api/v1/jobs/${encodeURIComponent(id)}` });

/** Runs the job where no service does, shows progress until it rests, then what came of it. Ctrl-C offers stop or cancel. */
export async function followJob(session: Session, started: JobView): Promise<CommandEnd> {
  const client = await session.client();
  await client.startJobs();
  const job = await watchUntilRest(session, client, started);
  if (!isResting(job.state)) return 'ok';
  if (job.state === 'completed' && job.links.report !== null) return showReport(session, client, job.id);
  const problems = await problemsOf(client, job);
  session.show(job, () =>
    [...problems.map(({ level, message }) => `${level}: ${message}`), outcome(job)].join('\n'),
  );
  return endOf(job);
}

/** The job once it rests, or as it is when the user leaves it to the service. */
async function watchUntilRest(session: Session, client: ApiClient, started: JobView): Promise<JobView> {
  const { host } = session;
  let job = started;
  let display = session.json ? null : createProgressDisplay(host.stdout, job.name);
  let wake = new AbortController();
  const release = host.onInterrupt(() => wake.abort());
  try {
    while (!isResting(job.state)) {
      if (wake.signal.aborted) {
        display?.stop();
        const choice = await askWhatToDo(host, client.serviceUrl !== null);
        // What was pressed while the question stood there is answered with it.
        wake = new AbortController();
        if (choice === 'leave') {
          session.show(job, () => `${job.name} goes on. Follow it with: pumphouse jobs watch ${job.id}`);
          return job;
        }
        if (choice !== 'continue') await endJob(client, job.id, choice);
        display = session.json ? null : createProgressDisplay(host.stdout, job.name);
      }
      job = await getJob(client, job.id);
      display?.update({
        state: job.waiting_for === null ? job.state : 'waiting for a server',
        percent: job.progress.percent,
        bytesDone: job.progress.bytes_done,
        bytesTotal: job.progress.bytes_total,
        rowsDone: job.progress.rows_done,
      });
      if (!isResting(job.state))
        await sleep(pollMs, undefined, { signal: wake.signal }).catch(() => undefined);
    }
    return job;
  } finally {
    display?.stop();
    release();
  }
}

/** Stop or cancel on the user's wish; a job that came to rest in the meantime stays as it is. */
async function endJob(client: ApiClient, id: string, verb: 'stop' | 'cancel'): Promise<void> {
  try {
    await control(client, id, verb);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'job-state') throw error;
  }
}

/** How the shell is told what came of a job. */
export function endOf({ state, error_count }: JobView): ExitCodeName {
  switch (state) {
    case 'failed':
    case 'stopped':
    case 'cancelled':
      return state;
    default:
      return error_count > 0 ? 'withErrors' : 'ok';
  }
}

export const control = (
  client: ApiClient,
  id: string,
  verb: 'stop' | 'resume' | 'cancel',
): Promise<JobView> =>
  client.json<JobView>({ method: 'POST', path: `/api/v1/jobs/${encodeURIComponent(id)}/${verb}` });

/** What the log has beyond the usual, without what the outcome says anyway. */
async function problemsOf(client: ApiClient, job: JobView): Promise<readonly LogEntry[]> {
  const found: LogEntry[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: { readonly items: readonly LogEntry[]; readonly next_after: number | null } =
      await client.json({ method: 'GET', path: `/api/v1/jobs/${job.id}/log?after=${after}` });
    found.push(...page.items);
    after = page.next_after;
  }
  return found.filter(
    ({ level, event, message }) => level !== 'info' && event !== 'state' && message !== job.error?.message,
  );
}

/** What figures do not say. */
function backupLines(result: JobView['result']): readonly string[] {
  if (result === null) return [];
  const { message, old, removed_backups: removed } = result;
  return [
    ...(message === null ? [] : [message]),
    ...(old === null ? [] : [`What was there before is kept as ${old}.`]),
    ...(removed.length === 0 ? [] : [`Removed: ${removed.join(', ')}.`]),
  ];
}

function outcome(job: JobView): string {
  const { result } = job;
  const figures = [
    result?.backup == null ? null : `backup ${result.backup}${result.tag === null ? '' : ` (${result.tag})`}`,
    result?.tables == null ? null : formatCounted(result.tables, 'table'),
    result?.rows == null ? null : formatCounted(result.rows, 'row'),
    result?.bytes == null ? null : formatBytes(result.bytes),
    result?.files == null ? null : formatCounted(result.files, 'file'),
    result?.bytes_read == null ? null : `${formatBytes(result.bytes_read)} read`,
  ].filter((figure) => figure !== null);
  switch (job.state) {
    case 'completed': {
      const errors =
        job.error_count === 0 ? '' : ` with ${job.error_count} error(s), see: pumphouse jobs log ${job.id}`;
      return [
        `${job.name} completed${errors}${figures.length > 0 ? `: ${figures.join(', ')}` : ''}`,
        ...backupLines(result),
      ].join('\n');
    }
    case 'failed':
      return [
        `${job.name} failed: ${job.error?.message ?? 'unknown'} ${job.error?.hint ?? ''}`,
        ...(job.error === null || canResumeHelp(job.error.code)
          ? [`Resume it with: pumphouse jobs resume ${job.id}`]
          : []),
      ].join('\n');
    case 'stopped':
      return `${job.name} is stopped. Resume it with: pumphouse jobs resume ${job.id}`;
    default:
      return `${job.name} is ${job.state}.`;
  }
}
