import { isResting, type Job } from '../../core/job.ts';
import { actionUid } from './action-uid.ts';
import type { RunData } from './bdb-view.ts';
import { failureText, hasSucceeded, progressOf } from './job-status.ts';
import { seconds } from './times.ts';

/** The words of jobs among actions. */
const actionNames: Readonly<Record<Job['kind'], string>> = {
  export: 'export_bdb',
  import: 'import_bdb',
  copy: 'copy_bdb',
  verify: 'verify_dump',
  dump_copy: 'copy_dump',
  dump_delete: 'delete_dump',
  backup: 'backup_bdb',
  backup_verify: 'verify_backup',
  backup_delete: 'delete_backups',
  restore: 'restore_bdb',
  run: 'run_definition',
  definition_import: 'import_definitions',
};

/** An action of version 2: every job that the caller may see. Times are numbers, and progress is one. */
export function actionView(job: Job, uids: ReadonlyMap<string, number>): Readonly<Record<string, unknown>> {
  const info = additionalInfo(job, uids.get(job.database));
  return {
    action_uid: actionUid(job.id),
    action_type: 'other',
    name: actionNames[job.kind],
    creation_time: seconds(job.createdAt),
    progress: progressOf(job),
    status: outcomeOf(job) ?? (job.state === 'queued' ? 'queued' : 'running'),
    ...(Object.keys(info).length === 0 ? {} : { additional_info: info }),
  };
}

const outcomeOf = (job: Job): 'completed' | 'failed' | null =>
  isResting(job.state) ? (hasSucceeded(job) ? 'completed' : 'failed') : null;

function additionalInfo(job: Job, uid: number | undefined): Readonly<Record<string, unknown>> {
  const { mailReason = null, notes = [] } = job.apiData as Partial<RunData>;
  const remarks = [...notes, ...(mailReason === null ? [] : [mailReason])];
  const error = failureText(job);
  return {
    ...(remarks.length === 0 ? {} : { description: remarks.join(' ') }),
    ...(error === null ? {} : { error }),
    ...(uid === undefined ? {} : { object_type: 'bdb', object_uid: String(uid) }),
    ...(uid === undefined || isResting(job.state) ? {} : { pending_ops: { [uid]: pendingOp(job) } }),
  };
}

function pendingOp(job: Job): Readonly<Record<string, unknown>> {
  const at = seconds(job.startedAt ?? job.createdAt);
  return {
    heartbeat: at,
    last_sample_time: at,
    op_name: job.kind === 'export' ? 'upload' : job.kind,
    progress: progressOf(job),
    snapshot: {},
    status_code: job.state,
    status_description: job.waitingFor?.message ?? `The job ${job.name} is ${job.state}.`,
  };
}

/** Those that version 1 lists: everything but exports, imports and backups. */
export const isListedInV1 = ({ kind }: Job): boolean =>
  kind !== 'export' && kind !== 'import' && kind !== 'backup';

/** An action of version 1, where times and progress are texts. */
export function oldActionView(
  job: Job,
  uids: ReadonlyMap<string, number>,
): Readonly<Record<string, unknown>> {
  const uid = uids.get(job.database);
  const outcome = outcomeOf(job);
  const error = failureText(job);
  return {
    action_uid: actionUid(job.id),
    task_id: actionUid(job.id),
    name: actionNames[job.kind],
    node_uid: '1',
    creation_time: String(seconds(job.createdAt)),
    progress: String(progressOf(job)),
    status: outcome ?? (job.state === 'queued' ? 'pending' : 'active'),
    state: taskState(job),
    ...(uid === undefined ? {} : { object_name: `bdb:${uid}` }),
    ...(error === null ? {} : { error_code: 'internal_error', error_message: error }),
  };
}

/** The general states of tasks, of which there are more. */
function taskState(job: Job): string {
  switch (job.state) {
    case 'queued':
      return 'queued';
    case 'planning':
      return 'starting';
    case 'executing':
    case 'completing':
      return 'running';
    case 'stopping':
    case 'cancelling':
      return 'cancelling';
    case 'stopped':
      return 'aborted';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return 'failed';
    case 'completed':
      return hasSucceeded(job) ? 'completed' : 'failed';
    default:
      return job.state satisfies never;
  }
}
