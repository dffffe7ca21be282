import { compressions, type ExportRequest, type JobMode } from '../core/request.ts';
import { defaultCompression, layoutForExport } from '../dump/layout.ts';
import { checkExportRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { usableCredential } from './credentials.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import {
  readChoice,
  readCredentialName,
  readEncoding,
  readFilePattern,
  readFileSize,
  readFlag,
  readLocation,
  readObject,
  readText,
  readThreads,
} from './input.ts';
import { authoriseLocation } from './locations.ts';
import { withOwnCredentials } from './own-credentials.ts';
import { readReadOptions } from './read-options.ts';
import { readMode, readSelection } from './selection-input.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';

const databaseHint = 'Name a registered database.';

/** Validates an export and makes its job; everything else happens in operations/export.ts. */
export function createStartExport(
  dependencies: ServiceDependencies,
  startJob: StartJob,
): Service['startExport'] {
  const { options: settings } = dependencies;
  return async (context, rawInput, options) => {
    const parts = withOwnCredentials(dependencies, context, options);
    const { environment } = parts;
    const input = readObject(rawInput);
    const database = readText(input.database, 'database', databaseHint, 63);
    const location = readLocation(input.location);
    const encryptionKey = readCredentialName(input.encryptionKey, 'encryption_key');
    await authoriseCommand(parts, context, { name: 'export:start', subject: database }, async () => {
      authorise(context, 'export:start', { database });
      await authoriseLocation(parts, context, location);
      if (encryptionKey !== null) await usableCredential(parts, context, encryptionKey, 'encryption_key');
    });

    const { engine } = await environment.database(database);
    const mode = readMode(input) ?? defaultMode(engine.capabilities.modes);
    const asked = readChoice(input.compression, 'compression', compressions);
    const request: ExportRequest = {
      kind: 'export',
      database,
      selection: readSelection(input, mode),
      ...readReadOptions(input),
      location,
      filePattern: readFilePattern(input.filePattern) ?? null,
      encoding: readEncoding(input.encoding) ?? engine.capabilities.encodings[0],
      compression: asked ?? 'zstd',
      encryptionKey,
      fileSize: readFileSize(input.fileSize),
      estimate: readFlag(input.estimate, 'estimate'),
      threads: readThreads(input.threads, settings.threadsMax(database)),
    };
    const { defaultFilePattern } = options;
    const named = input.filePattern === undefined ? defaultFilePattern : undefined;
    const requestFor = (jobName: string): ExportRequest => {
      const filePattern = named === undefined ? request.filePattern : named(jobName);
      const compression = asked ?? defaultCompression(layoutForExport(filePattern, jobName));
      return { ...request, filePattern, compression };
    };
    return startJob({
      context,
      options,
      request,
      requestFor,
      nameDecidesPlace: named !== undefined || request.filePattern === null,
      check: (_candidate, jobName) =>
        checkExportRequest(
          environment,
          requestFor(jobName),
          jobName,
          options.placeLater === true ? null : ioContext(parts, context),
        ),
    });
  };
}

/** Without a mode: the caller's own schema where there are schemas, else everything. */
export const defaultMode = (modes: readonly JobMode[]): JobMode =>
  modes.includes('schema') ? 'schema' : 'full';
