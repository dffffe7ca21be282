import { createHash } from 'node:crypto';
import { createKeyedSerial } from '../base/serial.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isJobDatabase, jobOfDatabase } from '../core/job-database.ts';
import type { JobRequest } from '../core/request.ts';
import type { NewJob } from '../jobs/job-store.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDumpUses, type DumpUses, refuseTaken } from './dump-uses.ts';
import { fieldInvalid } from './input.ts';
import { nameOwnCredentials } from './job-credentials.ts';
import { databasesOf } from './job-databases.ts';
import { mailOf } from './mail.ts';
import { readOwnCredentials, withOwnCredentials } from './own-credentials.ts';
import type { CallContext } from './service.ts';
import type { StartOptions } from './start-input.ts';
import type { InTurn } from './wallet.ts';

/** A start request after validation: what is the same for all kinds of jobs. */
export interface JobDraft {
  readonly context: CallContext;
  readonly options: StartOptions;
  /** As asked; the default file pattern is not filled in yet. */
  readonly request: JobRequest;
  /** What tells a repeated request from another one, where `request` says more than was asked: what was chosen, or settings of that moment. */
  readonly asked?: unknown;
  /** The request to check and to store for a job of that name. */
  requestFor(jobName: string): JobRequest;
  /** Whether another name may find the place free that this one found taken; default false. */
  readonly nameDecidesPlace?: boolean;
  /** Throws what stands in the way of a job of that name. */
  check(request: JobRequest, jobName: string): Promise<void>;
}

export interface Started {
  readonly job: Job;
  readonly created: boolean;
}

/** Creates jobs: the only place of the service that calls `createJob`. */
export type StartJob = (draft: JobDraft) => Promise<Started>;

/** How many names to try: clashes come from starts within the same second. */
const mostAttempts = 1000;
const longestKey = 255;

/**
 * Jobs that write or remove dump files at one place are started one after the other, so that two of them cannot find the same place free.
 * A repeated idempotency key is answered before anything is checked: its own dump files would stand in the way.
 * @param sealing what is sealed and then stored goes through it (wallet.ts)
 */
export function createStartJob(parts: ServiceDependencies, sealing: InTurn): StartJob {
  const { store, dispatcher, clock, isReady } = parts;
  const inTurn = createKeyedSerial();

  async function create(draft: JobDraft, uses: DumpUses): Promise<Started> {
    const { context, options, request } = draft;
    const idempotency = idempotencyOf(options, draft.asked ?? request);
    const owner = context.caller.name;
    if (idempotency !== null) {
      const known = await store.findIdempotent(owner, idempotency);
      if (known !== null) return { job: known, created: false };
    }
    const names = options.jobName ?? defaultNames(request.kind, clock.now());
    const first = await firstFree(draft, names, uses);
    const own = options.ownCredentials?.length ?? 0;
    const newJob: NewJob = {
      name: (attempt) => names(first + attempt),
      owner,
      database: request.database,
      api: options.api,
      apiData: options.apiData ?? {},
      request,
      requestFor: (name, id) => nameOwnCredentials(draft.requestFor(name), id, own),
      threads: request.threads,
      idempotency,
      onlyOfDatabase: options.onlyJobOfDatabase === true,
      ...(options.parent === undefined ? {} : { parent: options.parent }),
      ...(options.mail === true ? mailing(context) : {}),
    };
    const { job, created } = await (own === 0
      ? store.createJob(newJob)
      : sealing(() => store.createJob({ ...newJob, credentials: readOwnCredentials(parts, options) })));
    if (created) dispatcher.notify();
    return { job, created };
  }

  /** Whom a mail tells how the job ends; what is in the way of it, the job's log tells from the start. */
  function mailing({ caller }: CallContext): Pick<NewJob, 'mailTo' | 'log'> {
    const { to, reason } = mailOf(parts.options.mail, caller);
    if (reason === null) return { mailTo: to };
    return { log: [{ level: 'warn', event: 'note', message: reason, data: { mail: false } }] };
  }

  /** The first attempt whose name is free, and whose place is free and passes the check. */
  async function firstFree(
    { request, options, ...draft }: JobDraft,
    names: NewJob['name'],
    uses: DumpUses,
  ): Promise<number> {
    const others = await uses.others(await uses.placed(request, names(0)));
    for (let attempt = 0; ; attempt += 1) {
      const name = names(attempt);
      // A name that no attempt changes: what stands in its way is told by the check or the store.
      const isLast = attempt === mostAttempts || names(attempt + 1) === name;
      if (!isLast && (await store.findJob(request.database, options.api, name)) !== null) continue;
      const candidate = draft.requestFor(name);
      try {
        refuseTaken(await uses.placed(candidate, name), others);
        await draft.check(candidate, name);
        return attempt;
      } catch (error) {
        const isTaken = error instanceof AppError && error.code === 'file-exists';
        if (!isTaken || draft.nameDecidesPlace !== true || isLast) throw error;
      }
    }
  }

  return async (draft) => {
    const { context, request, options } = draft;
    // The job that starts this one is under way, and no caller waits for an answer.
    if (!isReady() && options.parent === undefined) {
      throw new AppError('shutting-down', { message: 'The service takes no jobs now: it starts or stops.' });
    }
    refuseJobDatabases(request, options);
    const uses = createDumpUses(withOwnCredentials(parts, context, options));
    const mine = await uses.placed(request, options.jobName?.(0) ?? '');
    // One that only reads does not wait: a set that is removed in the same moment is missing then, which its job says.
    const changed = mine.find(({ does }) => does !== 'reads');
    return changed === undefined ? create(draft, uses) : inTurn(changed.place, () => create(draft, uses));
  };
}

/** Databases that a job made for itself are there for the jobs that it starts, and for nobody else. */
function refuseJobDatabases(request: JobRequest, { parent }: StartOptions): void {
  const foreign = databasesOf(request).find(
    (name) => isJobDatabase(name) && jobOfDatabase(name) !== parent?.jobId,
  );
  if (foreign !== undefined) throw unknownDatabase(foreign);
}

function idempotencyOf({ idempotencyKey: key, api }: StartOptions, asked: unknown): NewJob['idempotency'] {
  if (key === undefined) return null;
  if (key === '' || key.length > longestKey) {
    throw fieldInvalid(
      'idempotency_key',
      `must have 1 to ${longestKey} characters`,
      'Send a UUID, for example.',
    );
  }
  return {
    key,
    digest: createHash('sha256')
      .update(canonical([api, asked]))
      .digest('hex'),
  };
}

/** JSON with the members of objects in the order of their names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** `EXPORT_20261121093007`, UTC, and the seconds after it. */
function defaultNames(kind: JobRequest['kind'], now: number): NewJob['name'] {
  return (attempt) => {
    const digits = new Date(now + attempt * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
    return `${kind.toUpperCase()}_${digits}`;
  };
}
