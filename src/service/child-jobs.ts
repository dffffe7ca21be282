import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isJobDatabase, jobOfDatabase } from '../core/job-database.ts';
import type { Caller } from '../core/permission.ts';
import type { BackupDeleteRequest } from '../core/request.ts';
import type { ChildJobs, ChildStart } from '../operations/child-jobs.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { presentCaller } from './present-caller.ts';
import type { CallContext, Service } from './service.ts';
import type { StartCopy, StartExport, StartImport, StartOptions } from './start-input.ts';
import type { Started, StartJob } from './start-job.ts';

/** What starts the jobs of users starts those of jobs too. */
export type Starts = Pick<
  Service,
  | 'startExport'
  | 'startImport'
  | 'startCopy'
  | 'startVerify'
  | 'startDumpDelete'
  | 'startBackupVerify'
  | 'startRestore'
>;

/** Starts the jobs that are steps of other jobs, with the rights that the owner of those has now; the audit trail names the owner. */
export function createChildJobs(
  parts: Pick<ServiceDependencies, 'registry' | 'store' | 'clock'>,
  starts: Starts,
  startJob: StartJob,
): ChildJobs {
  const { registry, store } = parts;

  async function start(context: CallContext, child: ChildStart, options: StartOptions): Promise<Started> {
    switch (child.kind) {
      case 'export':
        return starts.startExport(context, child.input as unknown as StartExport, options);
      case 'import':
        return starts.startImport(context, child.input as unknown as StartImport, options);
      case 'copy':
        return starts.startCopy(context, child.input as unknown as StartCopy, options);
      case 'verify':
        return starts.startVerify(context, child.input, options);
      case 'dump_delete':
        return starts.startDumpDelete(context, child.input, options);
      case 'backup_verify': {
        const { backup, method, scratchDatabase } = child;
        const scratch = scratchDatabase === null ? {} : { scratchDatabase };
        return starts.startBackupVerify(context, { backup, method, ...scratch }, options);
      }
      case 'backup_delete':
        return startRemovals(context, child, options);
      case 'restore':
        return starts.startRestore(context, { database: child.database, choice: child.choice }, options);
      default:
        return child satisfies never;
    }
  }

  /** What retention removes: nothing that a user could ask for in these words. */
  async function startRemovals(
    context: CallContext,
    { database, backups }: Extract<ChildStart, { readonly kind: 'backup_delete' }>,
    options: StartOptions,
  ): Promise<Started> {
    await authoriseCommand(parts, context, { name: 'backup_delete:start', subject: database }, () => {
      authorise(context, 'backup:manage', { database });
      authorise(context, 'dump:manage');
    });
    const request: BackupDeleteRequest = {
      kind: 'backup_delete',
      database,
      backups,
      force: false,
      threads: 1,
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => undefined,
    });
  }

  return {
    async start(parent, step, child, signal) {
      const known = await store.childJob(parent.id, step);
      if (known !== null) return known;
      const owner = await presentCaller(registry, parent.owner);
      if (owner === null) throw ownerGone(parent);
      const context: CallContext = {
        caller: withOwnDatabases(owner, parent, child),
        requestId: `job ${parent.id}`,
        signal,
      };
      const { job } = await start(context, child, {
        api: parent.api,
        parent: { jobId: parent.id, step },
        priority: parent.priority,
        ...('jobName' in child && child.jobName !== undefined ? { jobName: child.jobName } : {}),
      });
      return job;
    },
  };
}

const ownerGone = ({ owner, name }: Job): AppError =>
  new AppError('forbidden', {
    message: `The user ${owner}, with whose rights the job ${name} works, was removed.`,
    hint: 'Start it again as another user.',
    context: { owner },
  });

/** Nobody is granted the databases that a job made for itself; the jobs that it starts may use them. */
function withOwnDatabases(owner: Caller, parent: Job, child: ChildStart): Caller {
  if (!('input' in child)) return owner;
  const own = [child.input.database, child.input.target].filter(
    (name): name is string =>
      typeof name === 'string' && isJobDatabase(name) && jobOfDatabase(name) === parent.id,
  );
  return own.length === 0 ? owner : { ...owner, databases: [...owner.databases, ...own] };
}
