import { AppError } from '../core/errors.ts';
import { type Job, type JobKind, jobStates } from '../core/job.ts';
import type { JobReport } from '../core/job-report.ts';
import { type Action, everyDatabase, isAllowed } from '../core/permission.ts';
import type { JobFilter } from '../jobs/job-store.ts';
import { listJobFiles } from '../operations/job-files.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { unknownDatabase } from './databases.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { findPlaces, refuseTaken, toSetUse } from './dump-uses.ts';
import { createFamilyProgress } from './family-progress.ts';
import { fieldInvalid, readFlag, readLimit, readSeq, readWords } from './input.ts';
import { checkJobCredentials } from './job-credentials.ts';
import { databasesOf } from './job-databases.ts';
import { descendantsOf } from './job-families.ts';
import type { CallContext, JobQuery, Service } from './service.ts';
import { createJobWatch } from './watch-job.ts';

type JobFunctions = Pick<
  Service,
  | 'getJob'
  | 'findJob'
  | 'getJobBySeq'
  | 'listJobs'
  | 'stopJob'
  | 'resumeJob'
  | 'cancelJob'
  | 'jobTables'
  | 'jobReport'
  | 'jobLog'
  | 'watchJob'
  | 'jobFiles'
  | 'openJobFile'
>;

/** Jobs after their start: commands and queries. */
export function createJobs(parts: ServiceDependencies): JobFunctions {
  const { store, registry, environment, dispatcher } = parts;
  const withFamily = createFamilyProgress(store);
  const getJob = async (id: string): Promise<Job | null> => {
    const job = await store.getJob(id);
    return job === null ? null : await withFamily(job);
  };
  const watch = createJobWatch(
    { getJob, readLog: (id, afterSeq, limit) => store.readLog(id, afterSeq, limit) },
    parts.signals,
  );

  /** The job, for a caller who may see it; others learn nothing, not even that it exists. */
  async function find(context: CallContext, id: string): Promise<Job> {
    authorise(context, 'job:read');
    return visible(context, await store.getJob(id), id);
  }

  /** A job that the caller may control, written to the audit trail. */
  function findForCommand(context: CallContext, name: string, id: string): Promise<Job> {
    return authoriseCommand(parts, context, { name, subject: id }, async () => {
      const job = await find(context, id);
      const { request, owner } = job;
      authorise(context, 'job:control', { owner });
      for (const database of databasesOf(request)) authorise(context, 'job:control', { database, owner });
      return job;
    });
  }

  /** Ends what runs of a job, and of those that it started. */
  async function interruptFamily(id: string): Promise<void> {
    dispatcher.interrupt(id);
    for (const job of await descendantsOf(store, id)) dispatcher.interrupt(job.id);
  }

  return {
    getJob: async (context, id) => await withFamily(await find(context, id)),

    async findJob(context, database, api, name) {
      authorise(context, 'job:read');
      return await withFamily(visible(context, await store.findJob(database, api, name), name));
    },

    async getJobBySeq(context, seq) {
      authorise(context, 'job:read');
      const [newest] = await store.listJobs({ beforeSeq: seq + 1, limit: 1 });
      const job = newest?.seq === seq ? newest : null;
      return await withFamily(visible(context, job, String(seq)));
    },

    async listJobs(context, query) {
      authorise(context, 'job:read');
      const limit = readLimit(query.limit, 'limit', 100);
      const filter = filterOf(context, query, limit + 1);
      if (filter === null) return { jobs: [], nextCursor: null };
      // One more than asked for tells whether there is a next page.
      const found = await store.listJobs(filter);
      const jobs = await Promise.all(found.slice(0, limit).map(withFamily));
      const last = jobs.at(-1);
      const hasMore = found.length > limit && last !== undefined;
      return { jobs, nextCursor: hasMore ? cursorOf(last) : null };
    },

    async stopJob(context, id) {
      await findForCommand(context, 'job:stop', id);
      const job = await store.requestStop(id);
      await interruptFamily(id);
      return job;
    },

    async resumeJob(context, id) {
      const found = await findForCommand(context, 'job:resume', id);
      const below = await descendantsOf(store, id);
      const family = new Set([id, ...below.map((each) => each.id)]);
      for (const job of [found, ...below.filter(({ state }) => state === 'failed' || state === 'stopped')]) {
        await checkJobCredentials(registry, job);
        const usesOf = await findPlaces(parts, job.request);
        const mine = usesOf(job.request, job.name).map(toSetUse);
        const others = await store.usesNear(mine.map(({ names }) => names));
        refuseTaken(
          mine,
          others.filter((other) => !family.has(other.job.id)),
        );
      }
      for (const database of databasesOf(found.request)) {
        if ((await registry.getDatabase(database)) === null) throw unknownDatabase(database);
      }
      const job = await store.requestResume(id);
      dispatcher.notify();
      return job;
    },

    async cancelJob(context, id) {
      await checkJobCredentials(registry, await findForCommand(context, 'job:cancel', id));
      const job = await store.requestCancel(id);
      await interruptFamily(id);
      dispatcher.notify();
      return job;
    },

    async jobTables(context, id) {
      return await store.tableProgress((await find(context, id)).id);
    },

    async jobReport(context, id) {
      const { request } = await find(context, id);
      const reports =
        (request.kind === 'export' && request.estimate) || (request.kind === 'import' && request.dryRun);
      if (!reports) return null;
      const [plan] = await store.tasks(id, 'plan');
      return (plan?.result ?? null) as JobReport | null;
    },

    async jobLog(context, id, afterSeq, limit) {
      const job = await find(context, id);
      return await store.readLog(job.id, readSeq(afterSeq), readLimit(limit, 'limit', 1000));
    },

    async *watchJob(context, id, afterSeq) {
      const job = await find(context, id);
      yield* watch(job.id, readSeq(afterSeq), context.signal);
    },

    async jobFiles(context, id) {
      const job = await find(context, id);
      await checkJobCredentials(registry, job);
      const files = await listJobFiles(environment, job, ioContext(parts, context));
      return files.map(({ name, bytes }) => ({ name, bytes }));
    },

    async openJobFile(context, id, name) {
      const job = await find(context, id);
      authorise(context, 'dump:read', { database: job.database, owner: job.owner });
      await checkJobCredentials(registry, job);
      const io = ioContext(parts, context);
      const files = await listJobFiles(environment, job, io);
      const file = files.find((each) => each.name === name);
      if (file === undefined || job.request.kind !== 'export') {
        throw new AppError('file-unknown', {
          field: 'file',
          message: `The job ${job.name} has no file ${JSON.stringify(name)}.`,
        });
      }
      const storage = await environment.storage(job.request.location);
      return { bytes: file.bytes, stream: storage.get(file.name, null, io) };
    },
  };
}

function visible({ caller }: CallContext, job: Job | null, asked: string): Job {
  const action: Action = 'job:read';
  if (job !== null && isAllowed(caller, action, { database: job.database, owner: job.owner })) return job;
  throw new AppError('job-unknown', { field: 'job', message: `There is no job ${JSON.stringify(asked)}.` });
}

/** What the store is asked for; null when the caller can see nothing of it. */
function filterOf({ caller }: CallContext, query: JobQuery, limit: number): JobFilter | null {
  const isHeld = caller.role === 'developer';
  const granted = !isHeld || caller.databases.includes(everyDatabase) ? null : ['', ...caller.databases];
  const { database } = query;
  if (database !== undefined && granted !== null && !granted.includes(database)) return null;
  const databases = database === undefined ? granted : [database];
  return {
    ...(query.kinds === undefined ? {} : { kinds: readWords(query.kinds, 'kinds', jobKinds) }),
    ...(query.states === undefined ? {} : { states: readWords(query.states, 'states', jobStates) }),
    ...(isHeld ? { owner: caller.name } : {}),
    ...(databases === null ? {} : { databases }),
    ...(query.api === undefined ? {} : { api: query.api }),
    ...(query.topLevel === undefined ? {} : { topLevel: readFlag(query.topLevel, 'top_level') }),
    ...(query.cursor === undefined ? {} : { beforeSeq: seqOf(query.cursor) }),
    limit,
  };
}

const jobKinds = Object.keys({
  export: true,
  import: true,
  copy: true,
  verify: true,
  dump_copy: true,
  dump_delete: true,
  backup: true,
  backup_verify: true,
  backup_delete: true,
  restore: true,
  run: true,
  definition_import: true,
} satisfies Record<JobKind, true>) as readonly JobKind[];

export const cursorOf = (job: Job): string => Buffer.from(`seq:${job.seq}`).toString('base64url');

function seqOf(cursor: string): number {
  const seq = /^seq:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  if (seq !== undefined) return Number(seq);
  throw fieldInvalid(
    'cursor',
    'is none that this service gave out',
    'Take it from the page before, unchanged.',
  );
}
