import type { DumpDeleteRequest } from '../core/request.ts';
import { checkDumpDeleteRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { authoriseDumpSet } from './dump-sets.ts';
import { readFilePattern, readLocation, readObject } from './input.ts';
import { authoriseLocation, subjectOf } from './locations.ts';
import { withOwnCredentials } from './own-credentials.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';

/** Validates the removal of a dump set and makes its job; everything else happens in operations/dump-delete.ts. */
export function createStartDumpDelete(
  dependencies: ServiceDependencies,
  startJob: StartJob,
): Service['startDumpDelete'] {
  return async (context, rawInput, options) => {
    const parts = withOwnCredentials(dependencies, context, options);
    const { environment } = parts;
    const input = readObject(rawInput);
    const location = readLocation(input.location);
    const filePattern = readFilePattern(input.filePattern) ?? null;
    const place = subjectOf(location);
    const subject = filePattern === null ? place : `${filePattern} at ${place}`;
    await authoriseCommand(parts, context, { name: 'dump_delete:start', subject }, async () => {
      authorise(context, 'dump:manage');
      await authoriseLocation(parts, context, location);
    });

    const request: DumpDeleteRequest = {
      kind: 'dump_delete',
      database: '',
      location,
      filePattern,
      threads: 1,
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => {
        await authoriseDumpSet(parts, context, location, filePattern);
        await checkDumpDeleteRequest(environment, request, ioContext(parts, context));
      },
    });
  };
}
