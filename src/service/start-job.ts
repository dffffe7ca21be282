import { createHash } from 'node:crypto';
import { createKeyedSerial } from '../base/serial.ts';
import { AppError } from '../core/errors.ts';
import { isResting, type Job, type JobState, unfinishedStates } from '../core/job.ts';
import type { ExportRequest, JobRequest } from '../core/request.ts';
import { layoutForExport } from '../dump/layout.ts';
import { layoutsOverlap } from '../dump/overlap.ts';
import type { NewJob } from '../jobs/job-store.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid } from './input.ts';
import type { CallContext, StartOptions } from './service.ts';

/** A start request after validation: what is the same for all kinds of jobs. */
export interface JobDraft {
  readonly context: CallContext;
  readonly options: StartOptions;
  /** As asked; the default file pattern is not filled in yet. */
  readonly request: JobRequest;
  /** The request to check and to store for a job of that name. */
  requestFor(jobName: string): JobRequest;
  /** Whether another name may find the place free that this one found taken. */
  readonly nameDecidesPlace: boolean;
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
 * Exports to one location are started one after the other, so that two of them cannot find the same place free. A repeated idempotency key is answered before anything is checked: its own dump files would stand in the way.
 */
export function createStartJob(parts: ServiceDependencies): StartJob {
  const { store, dispatcher, clock, isReady, environment } = parts;
  const inTurn = createKeyedSerial();

  async function create(draft: JobDraft): Promise<Started> {
    const { context, options, request } = draft;
    const idempotency = idempotencyOf(options, request);
    const owner = context.caller.name;
    if (idempotency !== null) {
      const known = await store.findIdempotent(owner, idempotency);
      if (known !== null) return { job: known, created: false };
    }
    const names = options.jobName ?? defaultNames(request.kind, clock.now());
    const first = await firstFree(draft, names);
    const { job, created } = await store.createJob({
      name: (attempt) => names(first + attempt),
      owner,
      database: request.database,
      api: options.api,
      apiData: options.apiData ?? {},
      request,
      requestFor: (name) => draft.requestFor(name),
      threads: request.threads,
      idempotency,
    });
    if (created) dispatcher.notify();
    return { job, created };
  }

  /** The place itself, so that two directories on one folder are one; a location that leads nowhere stands for itself until the check names it. */
  const placeOf = ({ location }: ExportRequest): Promise<string> =>
    environment.storage(location).then(
      ({ description }) => description,
      () => JSON.stringify(location),
    );

  /** The exports that hold files at a place: unfinished ones, and those that rest with a plan. */
  async function jobsAt(place: string): Promise<readonly Job[]> {
    const holding = await store.listJobs({ kinds: ['export'], states: holdingStates, limit: 1000 });
    const places = new Map<string, Promise<string>>();
    const found: Job[] = [];
    for (const job of holding) {
      if (isResting(job.state) && job.plan === null) continue;
      const request = job.request as ExportRequest;
      if (!writesFiles(request)) continue;
      const key = JSON.stringify(request.location);
      const known = places.get(key) ?? placeOf(request);
      places.set(key, known);
      if ((await known) === place) found.push(job);
    }
    return found;
  }

  /** The first attempt whose name is free, and whose place is free and passes the check. */
  async function firstFree({ request, options, ...draft }: JobDraft, names: NewJob['name']): Promise<number> {
    const others = writesFiles(request) ? await jobsAt(await placeOf(request)) : [];
    for (let attempt = 0; ; attempt += 1) {
      const name = names(attempt);
      // A name that no attempt changes: what stands in its way is told by the check or the store.
      const isLast = attempt === mostAttempts || names(attempt + 1) === name;
      if (!isLast && (await store.findJob(request.database, options.api, name)) !== null) continue;
      const candidate = draft.requestFor(name);
      try {
        if (writesFiles(candidate)) refuseSharedPlace(candidate, name, others);
        await draft.check(candidate, name);
        return attempt;
      } catch (error) {
        const isTaken = error instanceof AppError && error.code === 'file-exists';
        if (!isTaken || !draft.nameDecidesPlace || isLast) throw error;
      }
    }
  }

  return async (draft) => {
    if (!isReady()) {
      throw new AppError('shutting-down', { message: 'The service takes no jobs now: it starts or stops.' });
    }
    const { request } = draft;
    return writesFiles(request) ? inTurn(await placeOf(request), () => create(draft)) : create(draft);
  };
}

/** Estimates are exports without files. */
const writesFiles = (request: JobRequest): request is ExportRequest =>
  request.kind === 'export' && !request.estimate;

/** States of the exports that may still write their files, or remove them when they are cancelled. */
const holdingStates: readonly JobState[] = [...unfinishedStates, 'stopped', 'failed'];

/**
 * Two exports must not write the same files: the later one is refused while the earlier one has written none yet. One that rests keeps
 * its files as long as it can be resumed or cancelled, unless it ended before it had any planned.
 */
function refuseSharedPlace(request: ExportRequest, name: string, others: readonly Job[]): void {
  const layout = layoutForExport(request.filePattern, name);
  const other = others.find((job) =>
    layoutsOverlap(layout, layoutForExport((job.request as ExportRequest).filePattern, job.name)),
  );
  if (other === undefined) return;
  const rests = isResting(other.state);
  throw new AppError('file-exists', {
    field: 'file_pattern',
    message: rests
      ? `The job ${other.name} of database ${other.database} is ${other.state} and keeps these files at this location, since it can be resumed.`
      : `The job ${other.name} of database ${other.database} is writing to the same files at this location.`,
    hint: rests
      ? 'Choose another file name or location, or cancel that job first.'
      : 'Choose another file name or location, or wait for that job and remove its files.',
  });
}

function idempotencyOf(
  { idempotencyKey: key, api }: StartOptions,
  request: JobRequest,
): NewJob['idempotency'] {
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
      .update(canonical([api, request]))
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
