import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError, withField } from '../core/errors.ts';
import type { ImportRequest, LocationRequest, OwnFileRequest } from '../core/request.ts';
import { filesNamed } from '../dump/find-files.ts';
import type { Engine } from '../engines/engine.ts';
import type { Environment } from './environment.ts';
import { checkOwnFileNames } from './own-file-names.ts';

/**
 * What can be known of an import of own files before a job is made: the engine has such files, they are all there, and nothing of them is
 * asked for that they cannot hold. Throws with `field` set.
 * @param context null: whether they are there is left to the job
 */
export async function checkOwnFiles(
  environment: Environment,
  engine: Engine,
  request: ImportRequest & { readonly ownFiles: readonly OwnFileRequest[] },
  context: OperationContext | null,
): Promise<void> {
  if (engine.capabilities.ownFiles === null) {
    throw new AppError('unsupported', {
      field: 'own_files',
      message: `${engine.title} has no files of its own that could be imported.`,
      hint: 'Import a dump set.',
    });
  }
  if (request.content === 'metadata_only') {
    throw new AppError('field-invalid', {
      field: 'content',
      message: 'content metadata_only reads no rows, and nothing else is in such files.',
      hint: 'Leave content out.',
    });
  }
  checkOwnFileNames(request.ownFiles);
  for (const { location, files } of byPlace(request.ownFiles)) {
    await checkPlace(environment, location, files, context);
  }
}

interface PlacedFile {
  readonly file: string;
  /** In the request. */
  readonly position: number;
}

/** Each place once, with its files. */
function byPlace(
  ownFiles: readonly OwnFileRequest[],
): readonly { readonly location: LocationRequest; readonly files: readonly PlacedFile[] }[] {
  const entries = ownFiles.map(({ location, file }, position) => ({ location, file, position }));
  const places = Map.groupBy(entries, ({ location }) => JSON.stringify(location));
  return [...places.values()].flatMap((files) => {
    const [first] = files;
    return first === undefined ? [] : { location: first.location, files };
  });
}

async function checkPlace(
  environment: Environment,
  location: LocationRequest,
  files: readonly PlacedFile[],
  context: OperationContext | null,
): Promise<void> {
  try {
    const storage = await environment.storage(location);
    if (context === null) return;
    const found = await filesNamed(
      storage,
      files.map(({ file }) => file),
      context,
    );
    const names = new Set(found.map(({ name }) => name));
    const missing = files.find(({ file }) => !names.has(file));
    if (missing === undefined) return;
    throw withField(
      new AppError('file-missing', {
        message: `${missing.file} does not exist at ${storage.description}.`,
        hint: 'Check the name, and the place.',
      }),
      `own_files[${missing.position}].file`,
    );
  } catch (error) {
    const { field = 'location' } = toAppError(error);
    if (field.startsWith('own_files')) throw error;
    throw withField(error, `own_files[${files[0]?.position ?? 0}].${field}`);
  }
}
