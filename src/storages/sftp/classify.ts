import { AppError } from '../../core/errors.ts';
import type { FolderOperation } from '../blocks/served-folder.ts';
import { type Verdict, verdict } from '../blocks/verdict.ts';
import { SftpStatus, status } from './status.ts';

const rights = 'Give the user of the credential the right to do this, or choose another folder.';
const room = 'Make room or raise the quota, then resume the job.';
const full = verdict('storage-full', false, 'cannot be written: the disk of the server is full', room);
const quota = verdict('storage-full', false, 'cannot be written: a quota is used up', room);
const noPlace = verdict(
  'storage-unwritable',
  false,
  'cannot be made: there is no folder, and none can be made',
);
const gone = verdict('storage-unreachable', true, 'cannot be reached: the server has lost it for now');

const verdicts: Readonly<Record<number, Verdict>> = {
  [status.noSuchFile]: verdict('file-missing', false, 'does not exist'),
  [status.noSuchPath]: verdict('file-missing', false, 'does not exist'),
  [status.notADirectory]: verdict('file-missing', false, 'does not exist'),
  [status.permissionDenied]: verdict('storage-denied', false, 'may not be accessed', rights),
  [status.writeProtect]: verdict('storage-denied', false, 'may not be written', rights),
  [status.noConnection]: gone,
  [status.connectionLost]: gone,
  [status.unsupported]: verdict('unsupported', false, 'asks for what this server cannot do'),
  [status.fileExists]: verdict('file-exists', false, 'exists already'),
  [status.noSpace]: full,
  [status.quotaExceeded]: quota,
  [status.lockConflict]: verdict('storage-failed', true, 'is in use'),
};

/** Any error of a request as an AppError that names `subject` (`sftp://user@host/path`). Pure. */
export function classify(error: unknown, operation: FolderOperation, subject: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new AppError('aborted', { message: 'The work was interrupted.', operation, cause: error });
  if (!(error instanceof SftpStatus)) {
    const message = error instanceof Error ? error.message : String(error);
    return new AppError('storage-failed', {
      message: `${subject}: ${message}.`,
      operation,
      temporary: false,
      cause: error,
    });
  }
  const { code, temporary, sentence, hint } = verdictOf(error, operation);
  return new AppError(code, {
    message: `${subject} ${sentence} (SFTP status ${error.status}: ${trimmed(error.message)}).`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary,
    context: { status: error.status },
    cause: error,
  });
}

function verdictOf(error: SftpStatus, operation: FolderOperation): Verdict {
  // Version 3 has no codes of its own for these, and servers that tell say so in words.
  if (error.status === status.failure && /no space|disk (is )?full/i.test(error.message)) return full;
  if (error.status === status.failure && /quota/i.test(error.message)) return quota;
  const found = verdicts[error.status];
  if (found?.code === 'file-missing' && operation === 'put') return noPlace;
  return found ?? verdict('storage-failed', false, 'meets a failure of the server');
}

/** What ended a connection, or kept it from being made: an error that ssh2 emitted. Pure. */
export function classifyConnection(error: Error, subject: string): AppError {
  if (error instanceof AppError) return error;
  const { level, code } = error as { readonly level?: string; readonly code?: unknown };
  const words = trimmed(error.message);
  const options = { context: { level: level ?? null }, cause: error };
  if (level === 'client-authentication' || /too many authentication failures/i.test(words)) {
    return new AppError('storage-denied', {
      message: `${subject} refuses the user or the secret of the credential (${words}).`,
      hint: 'Correct the user name, and the password or private key of the credential.',
      ...options,
    });
  }
  if (level === 'handshake' && !/timed out|lost/i.test(words)) {
    return new AppError('storage-failed', {
      message: `${subject} and Pumphouse find no way to speak SSH with each other (${words}).`,
      temporary: false,
      ...options,
    });
  }
  return new AppError('storage-unreachable', {
    message: `${subject}: the connection broke (${typeof code === 'string' ? code : words}).`,
    ...options,
  });
}

const trimmed = (words: string): string => words.replace(/[.\s]+$/, '');
