import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import { isResting } from '../../core/job.ts';
import type { ApiClient } from '../client.ts';
import { control, followJob, getJob, type JobView } from '../follow-job.ts';
import { formatBytes, formatCounted, formatTable } from '../format.ts';
import { showReport } from '../report.ts';
import type { CommandEnd, Session } from '../session.ts';
import { refuseDetached } from './start-job.ts';

/** The job of that id; without one the newest. */
async function findJob(client: ApiClient, id: string | undefined): Promise<JobView> {
  if (id !== undefined) return getJob(client, id);
  const { items } = await client.json<{ readonly items: readonly JobView[] }>({
    method: 'GET',
    path: '/api/v1/jobs?limit=1&top_level=true',
  });
  const [newest] = items;
  if (newest !== undefined) return newest;
  throw new AppError('job-unknown', {
    message: 'There are no jobs yet.',
    hint: 'Start one with pumphouse export DATABASE.',
  });
}

/** `shop`, of a copy `shop to shop_test`. */
const databasesOf = ({ database, request: { target } }: JobView): string =>
  [database, target].filter((name) => name !== null).join(' to ');

async function allJobs(client: ApiClient, topLevel: boolean): Promise<readonly JobView[]> {
  const jobs: JobView[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { readonly items: readonly JobView[]; readonly next_cursor: string | null } =
      await client.json({
        method: 'GET',
        path: `/api/v1/jobs?limit=1000&top_level=${topLevel}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      });
    jobs.push(...page.items);
    cursor = page.next_cursor;
  }
  return jobs;
}

/** Those that other jobs started are steps of these, and are left out unless `--all` asks for them. */
export async function listJobs(session: Session, flags: { readonly all?: boolean }): Promise<CommandEnd> {
  const items = await allJobs(await session.client(), flags.all !== true);
  session.show(items, () =>
    items.length === 0
      ? 'No jobs yet: pumphouse export DATABASE'
      : formatTable(
          ['id', 'name', 'kind', 'database', 'state', 'done', 'errors'],
          items.map((job) => [
            job.id,
            job.name,
            job.kind,
            databasesOf(job),
            job.state,
            `${job.progress.percent}%`,
            String(job.error_count),
          ]),
        ),
  );
  return 'ok';
}

export async function showJob(session: Session, id: string | undefined): Promise<CommandEnd> {
  const client = await session.client();
  const job = await findJob(client, id);
  session.show(job, () =>
    [
      `${job.name} (${job.id})`,
      `${job.kind}${job.database === null ? '' : ` of ${databasesOf(job)}`}, asked for by ${job.owner} at ${job.created_at}, ${job.threads} thread(s)`,
      `${job.state}, ${job.progress.percent}%, ${formatBytes(job.progress.bytes_done)}, ${formatCounted(job.progress.rows_done, 'row')}, ${job.error_count} error(s)`,
      ...(job.waiting_for === null
        ? []
        : [`waits: ${job.waiting_for.message} Next try: ${job.waiting_for.until}`]),
      ...(job.error === null ? [] : [`${job.error.code}: ${job.error.message} ${job.error.hint}`]),
    ].join('\n'),
  );
  return 'ok';
}

/** What an estimate or a dry run found. */
export async function showJobReport(session: Session, id: string | undefined): Promise<CommandEnd> {
  const client = await session.client();
  return showReport(session, client, (await findJob(client, id)).id);
}

/** The log as text, all of it; with `--follow` until the job rests. JSON is one entry a line. */
export async function showJobLog(
  session: Session,
  id: string | undefined,
  flags: { readonly follow?: boolean },
): Promise<CommandEnd> {
  const client = await session.client();
  const { id: known } = await findJob(client, id);
  // Without a service nothing runs the job while this command looks, so that nothing will come.
  const follows = flags.follow === true && client.serviceUrl !== null;
  let after = 0;
  for (;;) {
    // Asked before the log is read: what the job wrote until it came to rest is then in the page.
    const { state } = await getJob(client, known);
    const page = await client.json<LogPage>({
      method: 'GET',
      path: `/api/v1/jobs/${known}/log?after=${after}`,
    });
    for (const entry of page.items) {
      session.print(
        session.json ? JSON.stringify(entry) : `${entry.at} ${entry.level.padEnd(5)} ${entry.message}`,
      );
      after = entry.seq;
    }
    if (page.next_after !== null) continue;
    if (!follows || isResting(state)) return 'ok';
    await sleep(500);
  }
}

interface LogPage {
  readonly items: readonly {
    readonly seq: number;
    readonly at: string;
    readonly level: string;
    readonly message: string;
  }[];
  readonly next_after: number | null;
}

export async function watchJob(session: Session, id: string | undefined): Promise<CommandEnd> {
  return followJob(session, await findJob(await session.client(), id));
}

export async function stopJob(session: Session, id: string): Promise<CommandEnd> {
  return controlled(session, id, 'stop');
}

export async function cancelJob(session: Session, id: string): Promise<CommandEnd> {
  return controlled(session, id, 'cancel');
}

/** Asks, and waits until the job rests. A cancel that cannot remove the files ends as `failed`. */
async function controlled(session: Session, id: string, verb: 'stop' | 'cancel'): Promise<CommandEnd> {
  const client = await session.client();
  let job = await control(client, id, verb);
  // Asked for first: a job that a dead process left behind is not begun again just to be stopped.
  await client.startJobs();
  while (job.state === 'stopping' || job.state === 'cancelling') {
    await sleep(100);
    job = await getJob(client, id);
  }
  session.show(job, () => `${job.name} is ${job.state}.`);
  return job.state === 'failed' ? 'failed' : 'ok';
}

/** Where a service runs it goes on there; without one it is run here, also when the process that ran it has died. */
export async function resumeJob(
  session: Session,
  id: string,
  flags: { readonly detach?: boolean },
): Promise<CommandEnd> {
  const client = await session.client();
  refuseDetached(client, flags);
  const found = await getJob(client, id);
  const isLeftOver = client.serviceUrl === null && !isResting(found.state);
  const job = isLeftOver ? found : await control(client, id, 'resume');
  if (flags.detach === true) {
    session.show(job, () => `${job.name} goes on. Follow it with: pumphouse jobs watch ${job.id}`);
    return 'ok';
  }
  return followJob(session, job);
}
