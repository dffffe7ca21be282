import { contents, type ImportRequest } from '../core/request.ts';
import { checkImportRequest } from '../operations/check-request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { usableCredential } from './credentials.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { authoriseDumpSet } from './dump-sets.ts';
import {
  readChoice,
  readCredentialName,
  readFilePattern,
  readFlag,
  readLocation,
  readObject,
  readText,
  readThreads,
} from './input.ts';
import { authoriseLocation } from './locations.ts';
import { withOwnCredentials } from './own-credentials.ts';
import { authoriseOwnFiles, readOwnFiles, refuseBesideOwnFiles } from './own-files.ts';
import { readObjectFilters } from './read-options.ts';
import { readMode, readSelection } from './selection-input.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';
import { readWriteOptions } from './write-options.ts';

/** Validates an import and makes its job; everything else happens in operations/import.ts. */
export function createStartImport(
  dependencies: ServiceDependencies,
  startJob: StartJob,
): Service['startImport'] {
  const { options: settings } = dependencies;
  return async (context, rawInput, options) => {
    const parts = withOwnCredentials(dependencies, context, options);
    const { environment } = parts;
    const input = readObject(rawInput);
    const database = readText(input.database, 'database', 'Name a registered database.', 63);
    const ownFiles = readOwnFiles(input.ownFiles);
    if (ownFiles !== null) refuseBesideOwnFiles(input);
    const location = ownFiles?.[0]?.location ?? readLocation(input.location);
    const erase = readFlag(input.erase, 'erase');
    const encryptionKey = readCredentialName(input.encryptionKey, 'encryption_key');
    await authoriseCommand(
      parts,
      context,
      { name: erase ? 'import:erase' : 'import:start', subject: database },
      async () => {
        authorise(context, 'import:start', { database });
        if (ownFiles === null) await authoriseLocation(parts, context, location);
        else await authoriseOwnFiles(parts, context, ownFiles);
        if (encryptionKey !== null) await usableCredential(parts, context, encryptionKey, 'encryption_key');
      },
    );

    await environment.database(database);
    const mode = readMode(input);
    // Expressions without a mode filter everything that the set holds.
    const selection = readSelection(input, mode ?? 'full');
    const isFiltered =
      selection.nameExpressions.length +
        selection.schemaExpressions.length +
        selection.tablespaceExpressions.length >
      0;
    const request: ImportRequest = {
      kind: 'import',
      database,
      ownFiles,
      erase,
      selection: mode === undefined && !isFiltered ? null : selection,
      location,
      filePattern: readFilePattern(input.filePattern) ?? null,
      content: readChoice(input.content, 'content', contents) ?? 'all',
      include: readObjectFilters(input.include, 'include'),
      exclude: readObjectFilters(input.exclude, 'exclude'),
      ...readWriteOptions(input),
      encryptionKey,
      dryRun: readFlag(input.dryRun, 'dry_run'),
      threads: readThreads(input.threads, settings.threadsMax(database)),
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => {
        const io = options.placeLater === true ? null : ioContext(parts, context);
        if (ownFiles === null) await authoriseDumpSet(parts, context, location, request.filePattern);
        await checkImportRequest(environment, request, io);
      },
    });
  };
}
