import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError, withField } from '../core/errors.ts';
import type {
  CopyRequest,
  DumpCopyRequest,
  DumpDeleteRequest,
  ExportRequest,
  ImportRequest,
  VerifyRequest,
} from '../core/request.ts';
import { compileSelection } from '../core/selection.ts';
import { findExistingFile } from '../dump/existing.ts';
import { checkCompression, checkFileSize, layoutForExport } from '../dump/layout.ts';
import { refuseForeignFiles } from '../dump/own-files.ts';
import { checkFiles, openDumpSet } from '../dump/read-set.ts';
import type { Engine } from '../engines/engine.ts';
import { checkBareExport } from './check-bare.ts';
import { checkOwnFiles } from './check-own-files.ts';
import { checkMode, checkReadOptions } from './check-read-options.ts';
import { checkObjectFilters, checkWriteOptions } from './check-write-options.ts';
import { unlock } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { refuseExistingFile } from './existing-file.ts';
import { refuseForeignSet } from './import-set.ts';
import { refuseReadOnly } from './read-only-storage.ts';

/**
 * What can be known about an export before a job is made: the expressions parse and fit the mode, the engine knows mode and encoding,
 * the location exists, no dump file stands in the way (an estimate writes none). `jobName` names the folder form. Throws invalid, conflict or not_found errors with `field` set.
 * @param context null: what can only be asked at the place itself is left to the job
 */
export async function checkExportRequest(
  environment: Environment,
  request: ExportRequest,
  jobName: string,
  context: OperationContext | null,
): Promise<void> {
  const { engine } = await environment.database(request.database);
  await checkReadOptions(engine, request);
  if (!engine.capabilities.encodings.includes(request.encoding)) {
    throw new AppError('unsupported', {
      field: 'encoding',
      message: `${engine.title} has no encoding ${request.encoding}.`,
      hint: `Use ${engine.capabilities.encodings.join(' or ')}.`,
    });
  }
  if (request.encryptionKey !== null) await environment.encryptionKey(request.encryptionKey);
  const layout = layoutForExport(request.filePattern, jobName);
  checkBareExport(engine, request, layout);
  checkCompression(layout, request.compression);
  checkFileSize(layout, request.fileSize);
  // An estimate writes nothing, so nothing can be in its way.
  if (request.estimate) return;
  const storage = await environment.storage(request.location);
  refuseReadOnly(storage, request.location);
  if (context === null) return;
  refuseExistingFile(await findExistingFile(storage, layout, context), storage);
}

/**
 * The same for an import: the dump set opens, the engine can read it and do what the options ask for. An import of everything needs the set
 * whole by its sizes; of a part, the plan looks at the files that it needs.
 * @param context null: what can only be asked at the place itself is left to the job
 */
export async function checkImportRequest(
  environment: Environment,
  request: ImportRequest,
  context: OperationContext | null,
): Promise<void> {
  const { engine } = await environment.database(request.database);
  if (request.selection !== null) {
    checkMode(engine, request.selection.mode);
    await compileSelection(request.selection);
  }
  checkWriteOptions(engine, request, request.content);
  checkErase(engine, request);
  await checkObjectFilters(request);
  const { ownFiles } = request;
  if (ownFiles !== null) return await checkOwnFiles(environment, engine, { ...request, ownFiles }, context);
  const storage = await environment.storage(request.location);
  if (context === null) return;
  const set = await openDumpSet(storage, request.filePattern, context);
  const { manifest } = set;
  refuseForeignSet(engine, manifest);
  await unlock(environment, request.encryptionKey, set);
  if (request.selection !== null) return;
  try {
    await checkFiles(storage, manifest, context);
  } catch (error) {
    // A file that is short or missing makes the set that was named unusable; a storage that fails says nothing about it.
    const { kind } = toAppError(error);
    throw kind === 'corrupt' || kind === 'not_found' ? withField(error, 'file_pattern') : error;
  }
}

function checkErase(engine: Engine, { erase, tableExistsAction }: ImportRequest): void {
  if (!erase) return;
  if (!engine.capabilities.erase) {
    throw new AppError('unsupported', {
      field: 'erase',
      message: `${engine.title} databases cannot be erased by an import.`,
      hint: 'Leave erase out; table_exists_action says what becomes of tables that exist.',
    });
  }
  if (tableExistsAction === null) return;
  throw new AppError('field-invalid', {
    field: 'table_exists_action',
    message: `table_exists_action ${tableExistsAction} is about what exists, and erase leaves nothing.`,
    hint: 'Leave one of them out.',
  });
}

/** The dump set opens. */
export async function checkVerifyRequest(
  environment: Environment,
  request: VerifyRequest,
  context: OperationContext,
): Promise<void> {
  await openDumpSet(await environment.storage(request.location), request.filePattern, context);
}

/**
 * What can be known about a copy before a job is made: both databases exist and are of one engine that can copy, the options parse and can
 * be done. Throws invalid, unsupported or not_found errors with `field` set.
 */
export async function checkCopyRequest(environment: Environment, request: CopyRequest): Promise<void> {
  const { engine } = await environment.database(request.database);
  const target = await environment.database(request.target).catch((error: unknown) => {
    throw withField(error, 'target');
  });
  if (!engine.capabilities.copy) {
    throw new AppError('unsupported', {
      field: 'database',
      message: `${engine.title} databases cannot be copied directly.`,
      hint: 'Use an export and an import.',
    });
  }
  if (target.engine.id !== engine.id) {
    throw new AppError('unsupported', {
      field: 'target',
      message: `The source is ${engine.title}, and the target ${target.engine.title}.`,
      hint: `Copy into a ${engine.title} database.`,
    });
  }
  await checkReadOptions(engine, request);
  checkWriteOptions(engine, request, request.content);
  const { tableExistsAction: action, content, remaps } = request;
  if (action === 'append' || (action === null && content === 'data_only')) {
    throw new AppError('unsupported', {
      field: 'table_exists_action',
      message:
        action === null
          ? 'content data_only adds rows to tables that exist, and a copy cannot append: when its snapshot is lost, nobody could tell the rows apart.'
          : 'A copy cannot append rows: when its snapshot is lost, nobody could tell them from those that were there.',
      hint: 'Use truncate, or an export and an import with append.',
    });
  }
  if (request.database === request.target && remaps.schemas.length + remaps.tables.length === 0) {
    throw new AppError('field-invalid', {
      field: 'target',
      message: `The target is the source, database ${request.database}, and nothing gets another name.`,
      hint: 'Name another target, or rename what is copied with remap_schemas or remap_tables.',
    });
  }
}

/**
 * What can be known about a copy of a dump set before a job is made: the set opens, its files are there with their sizes, and nothing stands
 * at the other place, whose fields begin with `to_`.
 */
export async function checkDumpCopyRequest(
  environment: Environment,
  request: DumpCopyRequest,
  context: OperationContext,
): Promise<void> {
  const { location, filePattern, to } = request;
  const storage = await environment.storage(location);
  const target = await environment.storage(to).catch((error: unknown) => {
    const { field } = toAppError(error);
    throw field === undefined ? error : withField(error, `to_${field}`);
  });
  refuseReadOnly(target, to, 'to_');
  const { manifest, layout } = await openDumpSet(storage, filePattern, context);
  refuseForeignFiles(manifest, layout);
  await checkFiles(storage, manifest, context);
  const existing = await findExistingFile(target, layout, context);
  if (existing !== null && target.description === storage.description) {
    throw new AppError('file-exists', {
      field: to.type === 'directory' ? 'to_directory' : 'to_location',
      message: `The dump set is at ${target.description} already.`,
      hint: 'Name another place; files keep their names.',
    });
  }
  refuseExistingFile(existing, target);
}

/** The set opens, and counts no file of another set among its own. */
export async function checkDumpDeleteRequest(
  environment: Environment,
  request: DumpDeleteRequest,
  context: OperationContext,
): Promise<void> {
  const storage = await environment.storage(request.location);
  refuseReadOnly(storage, request.location);
  const { manifest, layout } = await openDumpSet(storage, request.filePattern, context);
  refuseForeignFiles(manifest, layout);
}
