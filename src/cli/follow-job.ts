import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './client.ts';
import type { ExitCodeName } from './exit-codes.ts';
import { formatBytes, formatCount } from './format.ts';
import { askWhatToDo } from './interrupt-choice.ts';
import { createProgressDisplay } from './progress.ts';
import type { CommandEnd, Session } from './session.ts';

/** What the command line reads of a job of the native API. */
export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
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
    readonly failed_tables: readonly string[];
    readonly damaged_files: readonly string[];
  } | null;
  readonly created_at: string;
  readonly finished_at: string | null;
}

interface LogEntry {
  readonly seq: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

const pollMs = 250;
const resting: Readonly<Record<string, ExitCodeName>> = {
  completed: 'ok',
  failed: 'failed',
  stopped: 'stopped',
  cancelled: 'cancelled',
};

/** Shows progress until the job rests, then what came of it. Ctrl-C offers stop or cancel. */
export async function followJob(session: Session, started: JobView): Promise<CommandEnd> {
  const client = await session.client();
  const { host } = session;
  let job = started;
  const display = session.json ? null : createProgressDisplay(host.stdout, job.name);
  let interrupted = false;
  const release = host.onInterrupt(() => {
    interrupted = true;
  });
  try {
    while (!(job.state in resting)) {
      if (interrupted) {
        interrupted = false;
        display?.stop();
        const choice = await askWhatToDo(host, client.serviceUrl !== null);
        if (choice === 'leave') return 'ok';
        if (choice !== 'continue') await control(client, job.id, choice);
      }
      job = await client.json<JobView>({ method: 'GET', path: `/api/v1/jobs/${job.id}` });
      display?.update({
        state: job.state,
        percent: job.progress.percent,
        bytesDone: job.progress.bytes_done,
        bytesTotal: job.progress.bytes_total,
        rowsDone: job.progress.rows_done,
      });
      if (!(job.state in resting)) await sleep(pollMs);
    }
  } finally {
    display?.stop();
    release();
  }
  const problems = await logOf(client, job.id, (entry) => entry.level !== 'info');
  session.show(job, () =>
    [...problems.map(({ level, message }) => `${level}: ${message}`), outcome(job)].join('\n'),
  );
  return endOf(job);
}

/** How the shell is told what came of a job. */
export function endOf(job: JobView): ExitCodeName {
  const end = resting[job.state] ?? 'ok';
  return end === 'ok' && job.error_count > 0 ? 'withErrors' : end;
}

export const control = (
  client: ApiClient,
  id: string,
  verb: 'stop' | 'resume' | 'cancel',
): Promise<JobView> =>
  client.json<JobView>({ method: 'POST', path: `/api/v1/jobs/${encodeURIComponent(id)}/${verb}` });

async function logOf(
  client: ApiClient,
  id: string,
  wanted: (entry: LogEntry) => boolean,
): Promise<readonly LogEntry[]> {
  const found: LogEntry[] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: { readonly items: readonly LogEntry[]; readonly next_after: number | null } =
      await client.json({
        method: 'GET',
        path: `/api/v1/jobs/${id}/log?after=${after}`,
      });
    found.push(...page.items.filter(wanted));
    after = page.next_after;
  }
  return found;
}

function outcome(job: JobView): string {
  const { result } = job;
  const figures = [
    result?.tables == null ? null : `${formatCount(result.tables)} tables`,
    result?.rows == null ? null : `${formatCount(result.rows)} rows`,
    result?.bytes == null ? null : formatBytes(result.bytes),
    result?.files == null ? null : `${formatCount(result.files)} files`,
  ].filter((figure) => figure !== null);
  switch (job.state) {
    case 'completed': {
      const errors =
        job.error_count === 0 ? '' : ` with ${job.error_count} error(s), see: pumphouse jobs log ${job.id}`;
      return `${job.name} completed${errors}${figures.length > 0 ? `: ${figures.join(', ')}` : ''}`;
    }
    case 'failed':
      return `${job.name} failed: ${job.error?.message ?? 'unknown'} ${job.error?.hint ?? ''}\nResume it with: pumphouse jobs resume ${job.id}`;
    case 'stopped':
      return `${job.name} is stopped. Resume it with: pumphouse jobs resume ${job.id}`;
    default:
      return `${job.name} is ${job.state}.`;
  }
}
