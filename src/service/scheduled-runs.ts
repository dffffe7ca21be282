import { AppError } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import type { Caller } from '../core/permission.ts';
import type { Schedule, ScheduleSubject } from '../core/schedule.ts';
import type { ScheduledStarts, SkippedRuns } from '../jobs/scheduled-starts.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { presentCaller } from './present-caller.ts';
import type { CallContext, Service } from './service.ts';
import type { StartOptions } from './start-input.ts';

/** What schedules start: backups by their policies, and definitions. */
export function createScheduledRuns(
  { store, registry, tell }: Pick<ServiceDependencies, 'store' | 'registry' | 'tell'>,
  service: Pick<Service, 'startBackup' | 'startRun'>,
): ScheduledStarts {
  /** Whoever set the schedule, with the rights of now. */
  async function ownerOf({ owner }: Schedule): Promise<Caller> {
    const caller = await presentCaller(registry, owner);
    if (caller !== null) return caller;
    throw new AppError('forbidden', {
      message: `The user ${owner}, who set the schedule, is gone.`,
      hint: 'Set the schedule again as another user.',
    });
  }

  return {
    async isBusy({ subject }) {
      const kind = subject.type === 'backup' ? 'backup' : 'run';
      const unfinished = await store.listJobs({ kinds: [kind], states: unfinishedStates, limit: 1000 });
      return unfinished.some(({ request }) =>
        subject.type === 'backup'
          ? request.database === subject.database
          : request.kind === 'run' &&
            request.workspace === subject.workspace &&
            request.definitionName === subject.definition,
      );
    },

    async start({ schedule, plannedAt }, key) {
      const { subject, api, params } = schedule;
      const context: CallContext = {
        caller: await ownerOf(schedule),
        requestId: key,
        signal: new AbortController().signal,
      };
      const options: StartOptions = { api, idempotencyKey: key };
      try {
        if (subject.type === 'backup') {
          await service.startBackup(context, { database: subject.database }, options);
        } else {
          const { workspace, definition } = subject;
          await service.startRun(context, { workspace, definition, params, plannedAt }, options);
        }
      } catch (error) {
        // Its job was made before what it runs was changed: it has been started.
        if (error instanceof AppError && error.code === 'idempotency-mismatch') return;
        throw error;
      }
    },

    async skipped(schedule, skip) {
      const { id, subject } = schedule;
      await tell({
        type: skip.reason === 'refused' ? 'schedule.refused' : 'schedule.skipped',
        message: sentenceOf(subject, skip),
        database: subject.type === 'backup' ? subject.database : null,
        jobId: null,
        data: {
          subject: { ...subject },
          reason: skip.reason,
          from: new Date(skip.from).toISOString(),
          to: new Date(skip.to).toISOString(),
          count: skip.count,
          ...(skip.error === null ? {} : { code: skip.error.code }),
        },
        key: `schedule.skipped:${id}:${skip.reason}:${skip.to}`,
      });
    },
  };
}

function sentenceOf(subject: ScheduleSubject, { reason, from, to, count, error }: SkippedRuns): string {
  const what =
    subject.type === 'backup'
      ? `The backup of ${subject.database}`
      : `The run of the definition ${subject.definition}`;
  const first = new Date(from).toISOString();
  const when = count === 1 ? first : `${count} times from ${first} to ${new Date(to).toISOString()}`;
  switch (reason) {
    case 'overlap':
      return `${what} was left out, ${when}: the one before it still worked.`;
    case 'missed':
      return `${what} was left out, ${when}: the service was down.`;
    case 'refused':
      return `${what} could not be started, ${when}: ${error?.message ?? 'it was refused.'}`;
    default:
      return reason satisfies never;
  }
}
