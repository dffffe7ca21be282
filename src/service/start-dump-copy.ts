import { AppError, withField } from '../core/errors.ts';
import type { DumpCopyRequest } from '../core/request.ts';
import { checkDumpCopyRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { authoriseDumpSet } from './dump-sets.ts';
import { fieldInvalid, readFilePattern, readLocation, readObject, readThreads } from './input.ts';
import { authoriseLocation, subjectOf } from './locations.ts';
import { withOwnCredentials } from './own-credentials.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';

/** Validates a copy of a dump set and makes its job; everything else happens in operations/dump-copy.ts. */
export function createStartDumpCopy(
  dependencies: ServiceDependencies,
  startJob: StartJob,
): Service['startDumpCopy'] {
  const { options: settings } = dependencies;
  return async (context, rawInput, options) => {
    const parts = withOwnCredentials(dependencies, context, options);
    const { environment } = parts;
    const input = readObject(rawInput);
    const location = readLocation(input.location);
    const to = await ofTarget(() => readTarget(input.to));
    const subject = `${subjectOf(location)} to ${subjectOf(to)}`;
    await authoriseCommand(parts, context, { name: 'dump_copy:start', subject }, async () => {
      authorise(context, 'dump:manage');
      await authoriseLocation(parts, context, location);
      await ofTarget(() => authoriseLocation(parts, context, to));
    });

    const request: DumpCopyRequest = {
      kind: 'dump_copy',
      database: '',
      location,
      filePattern: readFilePattern(input.filePattern) ?? null,
      to,
      threads: readThreads(input.threads, settings.threadsMax('')),
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => {
        await authoriseDumpSet(parts, context, location, request.filePattern);
        await checkDumpCopyRequest(environment, request, ioContext(parts, context));
      },
    });
  };
}

/** A copy has no default target: what DATA_PUMP_DIR is for is the other end. */
function readTarget(value: unknown): DumpCopyRequest['to'] {
  if (value !== undefined && value !== null) return readLocation(value);
  throw fieldInvalid('location', 'is missing', 'Name the place to copy to: a directory or a storage URL.');
}

/** What is wrong with the other place is said of the fields that name it: `to_directory`, `to_location`, `to_credential`. */
async function ofTarget<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.field !== undefined) throw withField(error, `to_${error.field}`);
    throw error;
  }
}
