import { createHash } from 'node:crypto';
import { createKeyedSerial } from '../base/serial.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { JobRequest } from '../core/request.ts';
import type { NewJob } from '../jobs/job-store.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDumpUses, refuseTaken } from './dump-uses.ts';
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
 * Jobs that write or remove dump files at one place are started one after the other, so that two of them cannot find the same place free.
 * A repeated idempotency key is answered before anything is checked: its own dump files would stand in the way.
 */
export function createStartJob(parts: ServiceDependencies): StartJob {
  const { store, dispatcher, clock, isReady } = parts;
  const inTurn = createKeyedSerial();
  const uses = createDumpUses(parts);

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

  /** The first attempt whose name is free, and whose place is free and passes the check. */
  async function firstFree({ request, options, ...draft }: JobDraft, names: NewJob['name']): Promise<number> {
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
        if (!isTaken || !draft.nameDecidesPlace || isLast) throw error;
      }
    }
  }

  return async (draft) => {
    if (!isReady()) {
      throw new AppError('shutting-down', { message: 'The service takes no jobs now: it starts or stops.' });
    }
    const { request, options } = draft;
    const mine = await uses.placed(request, options.jobName?.(0) ?? '');
    // One that only reads does not wait: a set that is removed in the same moment is missing then, which its job says.
    const changed = mine.find(({ does }) => does !== 'reads');
    return changed === undefined ? create(draft) : inTurn(changed.place, () => create(draft));
  };
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
