import type { VerifyRequest } from '../core/request.ts';
import { checkVerifyRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { authoriseDumpSet } from './dump-sets.ts';
import { readFilePattern, readLocation, readObject, readThreads } from './input.ts';
import { authoriseLocation, subjectOf } from './locations.ts';
import { withOwnCredentials } from './own-credentials.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';

/** Validates a verification and makes its job; everything else happens in operations/verify.ts. */
export function createStartVerify(
  dependencies: ServiceDependencies,
  startJob: StartJob,
): Service['startVerify'] {
  const { options: settings } = dependencies;
  return async (context, rawInput, options) => {
    const parts = withOwnCredentials(dependencies, context, options);
    const { environment } = parts;
    const input = readObject(rawInput);
    const location = readLocation(input.location);
    await authoriseCommand(
      parts,
      context,
      { name: 'verify:start', subject: subjectOf(location) },
      async () => {
        authorise(context, 'verify:start');
        await authoriseLocation(parts, context, location);
      },
    );

    const request: VerifyRequest = {
      kind: 'verify',
      database: '',
      location,
      filePattern: readFilePattern(input.filePattern) ?? null,
      threads: readThreads(input.threads, settings.threadsMax('')),
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => {
        await authoriseDumpSet(parts, context, location, request.filePattern);
        await checkVerifyRequest(environment, request, ioContext(parts, context));
      },
    });
  };
}
