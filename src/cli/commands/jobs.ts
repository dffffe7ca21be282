import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../client.ts';
import { control, endOf, followJob, type JobView } from '../follow-job.ts';
import { formatBytes, formatCount, formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

const getJob = async (client: ApiClient, id: string | undefined): Promise<JobView> => {
  if (id !== undefined)
    return client.json<JobView>({ method: 'GET', path: `/api/v1/jobs/${encodeURIComponent(id)}` });
  const { items } = await client.json<{ readonly items: readonly JobView[] }>({
    method: 'GET',
    path: '/api/v1/jobs?limit=1',
  });
  const [newest] = items;
  return newest ?? client.json<JobView>({ method: 'GET', path: '/api/v1/jobs/none' });
};

export async function listJobs(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly JobView[] }>({
    method: 'GET',
    path: '/api/v1/jobs?limit=200',
  });
  session.show(items, () =>
    items.length === 0
      ? 'No jobs yet: pumphouse export DATABASE'
      : formatTable(
          ['id', 'name', 'kind', 'database', 'state', 'done', 'errors'],
          items.map((job) => [
            job.id,
            job.name,
            job.kind,
            job.database ?? '',
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
  const job = await getJob(client, id);
  session.show(job, () =>
    [
      `${job.name} (${job.id})`,
      `${job.kind}${job.database === null ? '' : ` of ${job.database}`}, asked for by ${job.owner} at ${job.created_at}, ${job.threads} thread(s)`,
      `${job.state}, ${job.progress.percent}%, ${formatBytes(job.progress.bytes_done)}, ${formatCount(job.progress.rows_done)} rows, ${job.error_count} error(s)`,
      ...(job.error === null ? [] : [`${job.error.code}: ${job.error.message} ${job.error.hint}`]),
    ].join('\n'),
  );
  return 'ok';
}

/** The log as text, all of it; with `--follow` until the job rests. */
export async function showJobLog(
  session: Session,
  id: string | undefined,
  flags: { readonly follow?: boolean },
): Promise<CommandEnd> {
  const client = await session.client();
  const { id: known } = await getJob(client, id);
  let after = 0;
  for (;;) {
    const state = (await getJob(client, known)).state;
    const page = await client.json<{
      readonly items: readonly {
        readonly seq: number;
        readonly at: string;
        readonly level: string;
        readonly message: string;
      }[];
      readonly next_after: number | null;
    }>({ method: 'GET', path: `/api/v1/jobs/${known}/log?after=${after}` });
    for (const entry of page.items) {
      session.print(
        session.json ? JSON.stringify(entry) : `${entry.at} ${entry.level.padEnd(5)} ${entry.message}`,
      );
      after = entry.seq;
    }
    const more = page.next_after !== null;
    const over = ['completed', 'failed', 'stopped', 'cancelled'].includes(state);
    if (!more && (flags.follow !== true || over)) return 'ok';
    if (!more) await sleep(500);
  }
}

export async function watchJob(session: Session, id: string | undefined): Promise<CommandEnd> {
  return followJob(session, await getJob(await session.client(), id));
}

export async function stopJob(session: Session, id: string): Promise<CommandEnd> {
  return controlled(session, id, 'stop');
}

export async function cancelJob(session: Session, id: string): Promise<CommandEnd> {
  return controlled(session, id, 'cancel');
}

/** Asks, and waits until the job rests. */
async function controlled(session: Session, id: string, verb: 'stop' | 'cancel'): Promise<CommandEnd> {
  const client = await session.client();
  let job = await control(client, id, verb);
  while (job.state === 'stopping' || job.state === 'cancelling') {
    await sleep(100);
    job = await getJob(client, id);
  }
  session.show(job, () => `${job.name} is ${job.state}.`);
  return endOf(job) === 'failed' ? 'failed' : 'ok';
}

/** Where a service runs it goes on there; without one it is run here. */
export async function resumeJob(
  session: Session,
  id: string,
  flags: { readonly detach?: boolean },
): Promise<CommandEnd> {
  const client = await session.client();
  const job = await control(client, id, 'resume');
  if (flags.detach === true && client.serviceUrl !== null) {
    session.show(job, () => `${job.name} goes on.`);
    return 'ok';
  }
  return followJob(session, job);
}
