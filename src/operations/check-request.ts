import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError, withField } from '../core/errors.ts';
import type { ExportRequest, ImportRequest, VerifyRequest } from '../core/request.ts';
import { compileSelection } from '../core/selection.ts';
import { findExistingFile } from '../dump/existing.ts';
import { layoutForExport } from '../dump/layout.ts';
import { checkFiles, openDumpSet } from '../dump/read-set.ts';
import type { Engine } from '../engines/engine.ts';
import type { Environment } from './environment.ts';
import { refuseForeignSet } from './import-plan.ts';

/**
 * What can be known about an export before a job is made: the expressions parse and fit the mode, the engine knows mode and encoding,
 * the location exists, no dump file stands in the way. `jobName` names the folder form. Throws invalid, conflict or not_found errors with `field` set.
 */
export async function checkExportRequest(
  environment: Environment,
  request: ExportRequest,
  jobName: string,
  context: OperationContext,
): Promise<void> {
  const { engine } = await environment.database(request.database);
  checkMode(engine, request.selection.mode);
  if (!engine.capabilities.encodings.includes(request.encoding)) {
    throw new AppError('unsupported', {
      field: 'encoding',
      message: `${engine.title} has no encoding ${request.encoding}.`,
      hint: `Use ${engine.capabilities.encodings.join(' or ')}.`,
    });
  }
  await compileSelection(request.selection);
  const layout = layoutForExport(request.filePattern, jobName);
  const storage = await environment.storage(request.location);
  const existing = await findExistingFile(storage, layout, context);
  if (existing !== null) {
    throw new AppError('file-exists', {
      field: 'file_pattern',
      message: `The file ${existing} exists already at ${storage.description}.`,
    });
  }
}

/** The same for an import: the dump set opens and is whole by its sizes, the engine can read it, remaps are possible. */
export async function checkImportRequest(
  environment: Environment,
  request: ImportRequest,
  context: OperationContext,
): Promise<void> {
  const { engine } = await environment.database(request.database);
  if (request.selection !== null) {
    checkMode(engine, request.selection.mode);
    await compileSelection(request.selection);
  }
  if (request.remapSchemas.length > 0 && engine.remap === undefined) {
    throw new AppError('unsupported', {
      field: 'remap_schemas',
      message: `${engine.title} has no schemas to remap.`,
      hint: 'Leave remap_schemas out.',
    });
  }
  const storage = await environment.storage(request.location);
  const { manifest } = await openDumpSet(storage, request.filePattern, context);
  refuseForeignSet(engine, manifest);
  try {
    await checkFiles(storage, manifest, context);
  } catch (error) {
    // A file that is short or missing makes the set that was named unusable; a storage that fails says nothing about it.
    const { kind } = toAppError(error);
    throw kind === 'corrupt' || kind === 'not_found' ? withField(error, 'file_pattern') : error;
  }
}

/** The dump set opens. */
export async function checkVerifyRequest(
  environment: Environment,
  request: VerifyRequest,
  context: OperationContext,
): Promise<void> {
  await openDumpSet(await environment.storage(request.location), request.filePattern, context);
}

function checkMode(engine: Engine, mode: ExportRequest['selection']['mode']): void {
  if (engine.capabilities.modes.includes(mode)) return;
  throw new AppError('mode-invalid', {
    field: 'mode',
    message: `${engine.title} has no mode ${mode}.`,
    hint: `Use ${engine.capabilities.modes.join(', ')}.`,
  });
}
