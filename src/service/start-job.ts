import { createHash, randomInt } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { isJobDatabase, jobOfDatabase } from '../core/job-database.ts';
import type { JobRequest } from '../core/request.ts';
import type { NewJob, NewSetUse } from '../jobs/job-store.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { findPlaces, type PlaceUses, refuseTaken, toSetUse } from './dump-uses.ts';
import { fieldInvalid, readPriority } from './input.ts';
import { nameOwnCredentials } from './job-credentials.ts';
import { databasesOf } from './job-databases.ts';
import { mailOf } from './mail.ts';
import { readOwnCredentials, withOwnCredentials } from './own-credentials.ts';
import { refuseLocal } from './refuse-local.ts';
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
/** How often others may be faster between the look for a free name and the making of the job. */
const mostRaces = 20;
const longestKey = 255;

/**
 * Of two jobs that would write the same dump files, or remove what the other uses, the store takes one, whichever instances they are started on.
 * A repeated idempotency key is answered before anything is checked: its own dump files would stand in the way.
 * @param sealing what is sealed and then stored goes through it (wallet.ts)
 */
export function createStartJob(parts: ServiceDependencies, sealing: InTurn): StartJob {
  const { store, dispatcher, clock, isReady } = parts;

  async function create(draft: JobDraft, usesOf: PlaceUses): Promise<Started> {
    const { context, options, request } = draft;
    const idempotency = idempotencyOf(options, draft.asked ?? request);
    const owner = context.caller.name;
    if (idempotency !== null) {
      const known = await store.findIdempotent(owner, idempotency);
      if (known !== null) return { job: known, created: false };
    }
    await refuseLocal(parts, request);
    const names = options.jobName ?? defaultNames(request.kind, clock.now());
    const setUses = (name: string) => usesOf(draft.requestFor(name), name).map(toSetUse);
    const own = options.ownCredentials?.length ?? 0;
    const newJob: Omit<NewJob, 'name'> = {
      owner,
      database: request.database,
      api: options.api,
      apiData: options.apiData ?? {},
      request,
      requestFor: (name, id) => nameOwnCredentials(draft.requestFor(name), id, own),
      threads: request.threads,
      priority: readPriority(options.priority) ?? 0,
      idempotency,
      usesFor: setUses,
      refuse: refuseTaken,
      onlyOfDatabase: options.onlyJobOfDatabase === true,
      ...(options.parent === undefined ? {} : { parent: options.parent }),
      ...(options.mail === true ? mailing(context, request.database) : {}),
    };
    const make = async (first: number): Promise<Started> => {
      const job: NewJob = { ...newJob, name: (attempt) => names(first + attempt) };
      return own === 0
        ? store.createJob(job)
        : sealing(() => store.createJob({ ...job, credentials: readOwnCredentials(parts, options) }));
    };
    for (let races = 0; ; races += 1) {
      const first = await firstFree(draft, names, setUses);
      try {
        const started = await make(first);
        if (started.created) dispatcher.notify();
        return started;
      } catch (error) {
        // Since the look somebody else took the place: the next look sees it.
        if (!isTaken(error) || draft.nameDecidesPlace !== true || races === mostRaces) throw error;
      }
    }
  }

  /** Whom a mail tells how the job ends; what is in the way of it, the job's log tells from the start. */
  function mailing({ caller }: CallContext, database: string): Pick<NewJob, 'mailTo' | 'log'> {
    const { to, reason } = mailOf(parts.options.mail, caller, database);
    if (reason === null) return { mailTo: to };
    return { log: [{ level: 'warn', event: 'note', message: reason, data: { mail: false } }] };
  }

  /** The first attempt whose name is free, and whose place is free and passes the check. */
  async function firstFree(
    { request, options, ...draft }: JobDraft,
    names: NewJob['name'],
    usesFor: (name: string) => readonly NewSetUse[],
  ): Promise<number> {
    for (let attempt = 0; ; attempt += 1) {
      const name = names(attempt);
      // A name that no attempt changes: what stands in its way is told by the check or the store.
      const isLast = attempt === mostAttempts || names(attempt + 1) === name;
      if (!isLast && (await store.findJob(request.database, options.api, name)) !== null) continue;
      const candidate = draft.requestFor(name);
      try {
        const uses = usesFor(name);
        refuseTaken(uses, await store.usesNear(uses.map((use) => use.names)));
        await draft.check(candidate, name);
        return attempt;
      } catch (error) {
        if (!isTaken(error) || draft.nameDecidesPlace !== true || isLast) throw error;
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
    await authorisePriority(parts, context, draft.options, request.database);
    return create(draft, await findPlaces(withOwnCredentials(parts, context, options), request));
  };
}

/** To go before the jobs of everybody else is no matter of one's own; what another job starts has its priority. */
async function authorisePriority(
  parts: ServiceDependencies,
  context: CallContext,
  { priority, parent }: StartOptions,
  database: string,
): Promise<void> {
  if ((readPriority(priority) ?? 0) <= 0 || parent !== undefined) return;
  await authoriseCommand(parts, context, { name: 'job:prioritise', subject: database }, () =>
    authorise(context, 'job:prioritise', { database }),
  );
}

/** A file or another job is in the way. */
const isTaken = (error: unknown): boolean => error instanceof AppError && error.code === 'file-exists';

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

/** `EXPORT_20261121093007`, UTC, and the seconds after it; where many start at once, `EXPORT_20261121093007_402118`. */
function defaultNames(kind: JobRequest['kind'], now: number): NewJob['name'] {
  const salt = randomInt(1_000_000);
  return (attempt) => {
    const isCrowded = attempt >= ownSeconds;
    const at = new Date(now + (isCrowded ? 0 : attempt * 1000)).toISOString();
    const number = isCrowded ? `_${String((salt + attempt) % 1_000_000).padStart(6, '0')}` : '';
    return `${kind.toUpperCase()}_${at.replaceAll(/\D/g, '').slice(0, 14)}${number}`;
  };
}

/** How many names that are nothing but a second are tried. */
const ownSeconds = 5;
