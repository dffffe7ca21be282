import { AppError } from '../../core/errors.ts';
import { type Verdict, verdict } from '../blocks/verdict.ts';

/** What was asked of the file system when it failed. */
export type LocalOperation = 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep' | 'free space' | 'probe';

const full = 'Make room, or choose another location; then resume the job.';
const rights = 'Give the account that Pumphouse runs as the right to do this, or choose another location.';

/** By `code` of a Node system error. */
const verdicts: Readonly<Record<string, Verdict>> = {
  ENOENT: verdict('file-missing', false, 'does not exist'),
  EEXIST: verdict('file-exists', false, 'exists already'),
  ENOSPC: verdict('storage-full', false, 'cannot be written: the disk is full', full),
  EDQUOT: verdict('storage-full', false, 'cannot be written: the disk quota is used up', full),
  EFBIG: verdict('storage-unwritable', false, 'would become larger than the file system takes'),
  EROFS: verdict('storage-unwritable', false, 'is on a read-only file system'),
  EACCES: verdict('storage-unwritable', false, 'may not be accessed', rights),
  EPERM: verdict('storage-unwritable', false, 'may not be accessed', rights),
  EISDIR: verdict('file-exists', false, 'is a folder'),
  ENOTDIR: verdict(
    'storage-failed',
    false,
    'has a file where a folder is needed',
    'Choose a folder, or a path where one can be made.',
  ),
  ENOTEMPTY: verdict('file-exists', false, 'is a folder with files in it'),
  ENAMETOOLONG: verdict('file-name-invalid', false, 'has too long a name for the file system'),
  ELOOP: verdict('storage-failed', false, 'runs through a loop of symbolic links'),
  EMFILE: verdict('storage-failed', true, 'cannot be opened: this process has too many open files'),
  ENFILE: verdict('storage-failed', true, 'cannot be opened: the system has too many open files'),
  EBUSY: verdict('storage-failed', true, 'is in use'),
  EAGAIN: verdict('storage-failed', true, 'is not available for the moment'),
  EIO: verdict('storage-failed', true, 'cannot be accessed: the device reports an input/output error'),
  ESTALE: verdict('storage-failed', true, 'cannot be accessed: the network file system has lost it'),
  ETIMEDOUT: verdict('storage-timeout', true, 'cannot be accessed: the file system does not answer'),
};

/** What a write does not find is a place for its folders, as below /proc. */
const noPlace = verdict(
  'storage-unwritable',
  false,
  'cannot be made: the file system takes no folders there',
);
const writing: readonly LocalOperation[] = ['put', 'probe'];
/** Reading without the right to is not "unwritable". */
const readRights = verdict('storage-failed', false, 'may not be read', rights);
const reading: readonly LocalOperation[] = ['get', 'stat', 'list', 'free space'];

/** Any error of the file system as an AppError that names `subject` (a path). Pure. */
export function classify(error: unknown, operation: LocalOperation, subject: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new AppError('aborted', { message: 'The work was interrupted.', operation, cause: error });
  }
  const errno = errnoOf(error);
  const found = verdictOf(errno, operation);
  if (found === undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new AppError('storage-failed', {
      message: `${subject}: ${message}.`,
      operation,
      temporary: false,
      context: { errno },
      cause: error,
    });
  }
  return new AppError(found.code, {
    message: `${subject} ${found.sentence}.`,
    ...(found.hint === undefined ? {} : { hint: found.hint }),
    operation,
    temporary: found.temporary,
    context: { errno },
    cause: error,
  });
}

function verdictOf(errno: string, operation: LocalOperation): Verdict | undefined {
  if (errno === 'ENOENT' && writing.includes(operation)) return noPlace;
  if ((errno === 'EACCES' || errno === 'EPERM') && reading.includes(operation)) return readRights;
  return verdicts[errno];
}

/** The `code` of a system error, '' for anything else. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
