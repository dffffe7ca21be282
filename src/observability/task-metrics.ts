import type { Job } from '../core/job.ts';
import type { Metrics } from '../core/metrics.ts';
import type { EndedTask, TaskListener } from './task-listener.ts';

/** The engine of a registered database; null: there is none of that name by now. */
export type EngineOf = (database: string) => Promise<string | null>;

/** Counts what this process does with jobs. */
export function createTaskMetrics(metrics: Metrics, engineOf: EngineOf): TaskListener {
  const countData = async (task: EndedTask): Promise<void> => {
    const { job, task: spec } = task.claimed;
    const { bytes = 0, rows = 0 } = task.completion?.done ?? {};
    if (!spec.counted || bytes + rows === 0) return;
    for (const [direction, database] of waysOf(job)) {
      const labels = { direction, engine: (await engineOf(database).catch(() => null)) ?? 'unknown' };
      metrics.count('pumphouse_data_bytes_total', labels, bytes);
      metrics.count('pumphouse_data_rows_total', labels, rows);
    }
  };

  return {
    created({ kind, api }) {
      metrics.count('pumphouse_jobs_created_total', { kind, api });
    },
    claimed({ job: { kind } }) {
      metrics.count('pumphouse_task_claims_total', { kind });
      metrics.move('pumphouse_tasks_running', { kind }, 1);
    },
    waited(ms) {
      metrics.observe('pumphouse_ticket_wait_seconds', {}, ms / 1000);
    },
    takenOver() {
      metrics.count('pumphouse_task_takeovers_total', {});
    },
    ended(task) {
      const { kind } = task.claimed.job;
      const seconds = Math.max(0, task.endedAt - task.startedAt) / 1000;
      metrics.move('pumphouse_tasks_running', { kind }, -1);
      metrics.observe(
        'pumphouse_task_duration_seconds',
        { kind, task: task.claimed.task.kind, outcome: task.end },
        seconds,
      );
      const code = task.error ?? 'internal';
      if (task.end === 'retried') metrics.count('pumphouse_task_retries_total', { kind, code });
      if (task.end === 'failed') metrics.count('pumphouse_task_failures_total', { kind, code });
      if (task.end === 'held') metrics.count('pumphouse_job_holds_total', { kind });
      if (task.end === 'restarted') metrics.count('pumphouse_job_restarts_total', { kind });
      if (task.end === 'lost') metrics.count('pumphouse_lease_losses_total', { kind });
      void countData(task);
    },
    jobEnded({ kind }, state) {
      metrics.count('pumphouse_jobs_ended_total', { kind, state });
    },
  };
}

/** Which databases the rows of a job come from and go to. */
function waysOf({ request, database }: Job): readonly (readonly [direction: string, database: string])[] {
  if (request.kind === 'export') return [['read', database]];
  if (request.kind === 'import') return [['written', database]];
  if (request.kind !== 'copy') return [];
  return [
    ['read', database],
    ['written', request.target],
  ];
}
