import { AppError } from '../core/errors.ts';
import { isResting, type Job, type JobState, unfinishedStates } from '../core/job.ts';
import type { ImportRequest, JobRequest, LocationRequest, VerifyRequest } from '../core/request.ts';
import { type ExportLayout, layoutForExport, layoutOfSet } from '../dump/layout.ts';
import { type PlacedSet, setsOverlap } from '../dump/overlap.ts';
import type { ServiceDependencies } from './dependencies.ts';

/** What a job does with the files of a dump set. */
interface DumpUse {
  readonly does: 'reads' | 'writes' | 'removes';
  readonly location: LocationRequest;
  readonly layout: ExportLayout;
}

/** Estimates are exports without files. */
export function dumpUsesOf(request: JobRequest, jobName: string): readonly DumpUse[] {
  switch (request.kind) {
    case 'copy':
    // What these do with sets, jobs do that they start.
    case 'backup':
    case 'backup_verify':
    case 'backup_delete':
    case 'restore':
    case 'run':
    case 'definition_import':
      return [];
    case 'export': {
      const { location, filePattern, estimate } = request;
      return estimate ? [] : [{ does: 'writes', location, layout: layoutForExport(filePattern, jobName) }];
    }
    case 'import':
      // Files of the engine's own format are no set: exports do not write over them, and no job removes them.
      return request.ownFiles === null ? [readsSet(request)] : [];
    case 'verify':
      return [readsSet(request)];
    case 'dump_copy': {
      const layout = layoutOfSet(request.filePattern);
      return [
        { does: 'reads', location: request.location, layout },
        { does: 'writes', location: request.to, layout },
      ];
    }
    case 'dump_delete':
      return [{ does: 'removes', location: request.location, layout: layoutOfSet(request.filePattern) }];
    default:
      return request satisfies never;
  }
}

const readsSet = ({ location, filePattern }: ImportRequest | VerifyRequest): DumpUse => ({
  does: 'reads',
  location,
  layout: layoutOfSet(filePattern),
});

/** A use, and the place that its location leads to. */
export type PlacedUse = Pick<DumpUse, 'does'> & PlacedSet;

/** What other jobs do with dump sets. */
interface OtherUse extends PlacedUse {
  readonly job: Job;
}

export type DumpUses = ReturnType<typeof createDumpUses>;

/** Knows which jobs use which dump sets. */
export function createDumpUses({ environment, store }: Pick<ServiceDependencies, 'environment' | 'store'>) {
  /** The place itself, so that two directories on one folder are one; a location that leads nowhere stands for itself until a check names it. */
  const placeOf = (location: LocationRequest): Promise<string> =>
    environment.storage(location).then(
      ({ description }) => description,
      () => JSON.stringify(location),
    );

  return {
    /** The uses of a job to be. */
    placed: (request: JobRequest, jobName: string): Promise<readonly PlacedUse[]> =>
      Promise.all(
        dumpUsesOf(request, jobName).map(async ({ does, location, layout }) => ({
          does,
          layout,
          place: await placeOf(location),
        })),
      ),

    /** The uses of the jobs that could be in the way of a new one with these. */
    async others(mine: readonly PlacedUse[]): Promise<readonly OtherUse[]> {
      if (mine.length === 0) return [];
      const jobs = [...(await store.listJobs({ states: unfinishedStates, limit: 1000 }))];
      if (mine.some(({ does }) => does === 'writes')) {
        const resting = await store.listJobs({ kinds: changingKinds, states: keepingStates, limit: 1000 });
        jobs.push(...resting.filter(({ plan }) => plan !== null));
      }
      const places = new Map<string, Promise<string>>();
      const found: OtherUse[] = [];
      for (const job of jobs) {
        for (const { does, location, layout } of dumpUsesOf(job.request, job.name)) {
          if (!mine.some((use) => collides(use.does, does, job.state))) continue;
          const key = JSON.stringify(location);
          const place = places.get(key) ?? placeOf(location);
          places.set(key, place);
          found.push({ does, layout, place: await place, job });
        }
      }
      return found;
    },
  };
}

const changingKinds = ['export', 'dump_copy', 'dump_delete'] as const;
/** Resting states in which a job's files stay its own: it can be resumed, and then goes on to write or remove them. */
const keepingStates: readonly JobState[] = ['stopped', 'failed'];

/** Whether two uses of one set do not go together; `state` is of the job that has the other. */
const collides = (mine: DumpUse['does'], other: DumpUse['does'], state: JobState): boolean =>
  (mine === 'writes' && other !== 'reads') ||
  (!isResting(state) && (mine === 'removes' || other === 'removes'));

/**
 * Throws `file-exists` when another job holds the names that a new one would write to, and `dump-in-use` when a set would be removed that is
 * used, or used that is being removed.
 */
export function refuseTaken(mine: readonly PlacedUse[], others: readonly OtherUse[]): void {
  for (const use of mine) {
    for (const other of others) {
      if (!collides(use.does, other.does, other.job.state) || !setsOverlap(use, other)) continue;
      throw use.does === 'writes' && other.does === 'writes' ? placeTaken(other.job) : inUse(other);
    }
  }
}

function placeTaken(job: Job): AppError {
  const rests = isResting(job.state);
  return new AppError('file-exists', {
    field: 'file_pattern',
    message: rests
      ? `${titleOf(job)} is ${job.state} and keeps these files at this location, since it can be resumed.`
      : `${titleOf(job)} is writing to the same files at this location.`,
    hint: rests
      ? 'Choose another file name or location, or cancel that job first.'
      : 'Choose another file name or location, or wait for that job and remove its files.',
  });
}

const inUse = ({ does, job, place }: OtherUse): AppError =>
  new AppError('dump-in-use', {
    field: 'file_pattern',
    message: `${titleOf(job)} ${does} this dump set at ${place} and is ${isResting(job.state) ? job.state : 'not finished'}.`,
  });

const titleOf = ({ name, database }: Job): string =>
  database === '' ? `The job ${name}` : `The job ${name} of database ${database}`;
