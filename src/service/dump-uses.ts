import { AppError } from '../core/errors.ts';
import { isResting } from '../core/job.ts';
import type { ImportRequest, JobRequest, LocationRequest, VerifyRequest } from '../core/request.ts';
import { type ExportLayout, layoutForExport, layoutOfSet } from '../dump/layout.ts';
import { namesOfSet, type PlacedSet, setsOverlap } from '../dump/overlap.ts';
import type { NewSetUse, SetUse } from '../jobs/job-store.ts';
import type { ServiceDependencies } from './dependencies.ts';

/** What a job does with the files of a dump set. */
interface DumpUse {
  readonly does: NewSetUse['does'];
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

/** Says what a job of that request and name does with which places. */
export type PlaceUses = (request: JobRequest, jobName: string) => readonly PlacedUse[];

/** Finds the places of a request's locations; they are the same whatever name the job gets. */
export async function findPlaces(
  { environment }: Pick<ServiceDependencies, 'environment'>,
  request: JobRequest,
): Promise<PlaceUses> {
  const places = new Map<string, string>();
  for (const { location } of dumpUsesOf(request, '')) {
    const key = JSON.stringify(location);
    // The place itself, so that two directories on one folder are one; a location that leads nowhere stands for itself until a check names it.
    const place = environment.storage(location).then(
      ({ description }) => description,
      () => key,
    );
    places.set(key, await place);
  }
  return (named, jobName) =>
    dumpUsesOf(named, jobName).map(({ does, location, layout }) => {
      const key = JSON.stringify(location);
      return { does, layout, place: places.get(key) ?? key };
    });
}

/** As the store keeps it with the job. */
export const toSetUse = ({ does, ...set }: PlacedUse): NewSetUse => ({ does, names: namesOfSet(set), set });

/** Whether two uses of one set do not go together; `other` is of another job. */
const collides = (mine: NewSetUse['does'], { does, job }: SetUse): boolean =>
  isResting(job.state)
    ? // Its files stay its own: it can be resumed, and then goes on to write or remove them.
      mine === 'writes' && does !== 'reads' && job.isPlanned
    : (mine === 'writes' && does !== 'reads') || mine === 'removes' || does === 'removes';

/**
 * Throws `file-exists` when another job holds the names that a new one would write to, and `dump-in-use` when a set would be removed that is
 * used, or used that is being removed.
 */
export function refuseTaken(mine: readonly NewSetUse[], others: readonly SetUse[]): void {
  for (const use of mine) {
    for (const other of others) {
      if (!collides(use.does, other)) continue;
      // What the store gives back is what toSetUse made.
      if (!setsOverlap(use.set as PlacedSet, other.set as PlacedSet)) continue;
      throw use.does === 'writes' && other.does === 'writes' ? placeTaken(other.job) : inUse(other);
    }
  }
}

function placeTaken(job: SetUse['job']): AppError {
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

const inUse = ({ does, job, set }: SetUse): AppError =>
  new AppError('dump-in-use', {
    field: 'file_pattern',
    message: `${titleOf(job)} ${does} this dump set at ${(set as PlacedSet).place} and is ${isResting(job.state) ? job.state : 'not finished'}.`,
  });

const titleOf = ({ name, database }: SetUse['job']): string =>
  database === '' ? `The job ${name}` : `The job ${name} of database ${database}`;
