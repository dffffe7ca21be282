import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Stage } from './stage.ts';

const mostLines = 40;

/** After a promise was broken: what the instances and the store have to say, before all of it is removed. */
export async function tellTrouble({ cluster, view }: Stage, tell: (line: string) => void): Promise<void> {
  for (const { name, state } of cluster.instances) {
    tell(`--- ${name} (${state})`);
    const log = await readFile(path.join(cluster.folder, `${name}.log`), 'utf8').catch(() => '');
    for (const line of log.trimEnd().split('\n').slice(-mostLines)) tell(line.slice(0, 1000));
  }
  const [job] = await view.rows<{ readonly id: string }>(
    'SELECT * FROM pumphouse.job ORDER BY seq DESC LIMIT 1',
  );
  tell(`--- the last job: ${JSON.stringify(job)}`);
  if (job === undefined) return;
  const lines = await view.rows<{ readonly at: string; readonly level: string; readonly message: string }>(
    "SELECT to_char(to_timestamp(at / 1000.0), 'HH24:MI:SS.MS') AS at, level, message FROM pumphouse.job_log WHERE job_id = $1 ORDER BY seq DESC LIMIT 60",
    [job.id],
  );
  for (const { at, level, message } of lines.toReversed()) tell(`${at} ${level} ${message}`);
  const tasks = await view.rows(
    "SELECT key, kind, state, attempt, claims, worker_id, retry_at FROM pumphouse.task WHERE job_id = $1 AND state NOT IN ('done', 'waiting') LIMIT 20",
    [job.id],
  );
  for (const task of tasks) tell(JSON.stringify(task));
  const tickets = await view
    .rows(
      "SELECT name, singleton_key, state, data, heartbeat_on, started_on, retry_count FROM pumphouse_queue.job WHERE state IN ('created', 'retry', 'active') LIMIT 20",
    )
    .catch(() => []);
  for (const ticket of tickets) tell(JSON.stringify(ticket));
}
