import { withField } from '../core/errors.ts';
import type { CopyRequest } from '../core/request.ts';
import { checkCopyRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readObject, readText, readThreads } from './input.ts';
import { readReadOptions } from './read-options.ts';
import { readMode, readSelection } from './selection-input.ts';
import type { Service } from './service.ts';
import { defaultMode } from './start-export.ts';
import type { StartJob } from './start-job.ts';
import { readWriteOptions } from './write-options.ts';

const databaseHint = 'Name a registered database.';

/** Validates a copy and makes its job; everything else happens in operations/copy.ts. */
export function createStartCopy(parts: ServiceDependencies, startJob: StartJob): Service['startCopy'] {
  const { environment, options: settings } = parts;
  return async (context, rawInput, options) => {
    const input = readObject(rawInput);
    const database = readText(input.database, 'database', databaseHint, 63);
    const target = readText(input.target, 'target', databaseHint, 63);
    await authoriseCommand(
      parts,
      context,
      { name: 'copy:start', subject: `${database} to ${target}` },
      () => {
        authorise(context, 'export:start', { database });
        authorise(context, 'import:start', { database: target });
      },
    );

    const { engine } = await environment.database(database);
    await environment.database(target).catch((error: unknown) => {
      throw withField(error, 'target');
    });
    const mode = readMode(input) ?? defaultMode(engine.capabilities.modes);
    const request: CopyRequest = {
      kind: 'copy',
      database,
      target,
      selection: readSelection(input, mode),
      ...readReadOptions(input),
      ...readWriteOptions(input),
      threads: readThreads(
        input.threads,
        Math.min(settings.threadsMax(database), settings.threadsMax(target)),
      ),
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: () => checkCopyRequest(environment, request),
    });
  };
}
