import { AppError } from '../../core/errors.ts';
import type { FolderOperation } from '../blocks/served-folder.ts';
import { type Verdict, verdict } from '../blocks/verdict.ts';
import { FtpRefusal } from './reply.ts';

/** What was asked of the server when it refused. */
export type FtpOperation = FolderOperation | 'log in';

const rights = 'Give the user of the credential the right to do this, or choose another folder.';
const room = 'Make room or raise the quota, then resume the job.';

const denied = verdict('storage-denied', false, 'may not be accessed', rights);
const noLogin = verdict(
  'storage-denied',
  false,
  'refuses the user or the password',
  'Correct the user name and the password of the credential.',
);
const wantsTls = verdict(
  'storage-denied',
  false,
  'lets nobody in without TLS',
  'Write ftps:// instead of ftp://, or set the option tls=explicit.',
);
const noTls = verdict(
  'storage-failed',
  false,
  'knows no TLS',
  'Ask for it to be switched on, or use ftp://.',
);
const full = verdict(
  'storage-full',
  false,
  'cannot be written: there is no room, or a quota is used up',
  room,
);
const fullOrFailing = verdict(
  'storage-full',
  false,
  'cannot be written: the disk of the server is full, or fails',
  room,
);
const busy = verdict('storage-throttled', true, 'has too many connections');
const gone = verdict('storage-unreachable', true, 'cannot be reached: the server ended the connection');
const missing = verdict('file-missing', false, 'does not exist');
const noPlace = verdict(
  'storage-unwritable',
  false,
  'cannot be made: there is no folder, and none can be made',
);
const inTheWay = verdict('file-exists', false, 'is in the way: there is something of that name');

const verdicts: Readonly<Record<number, Verdict>> = {
  421: gone,
  425: verdict('storage-unreachable', true, 'cannot be reached: there was no data connection'),
  426: verdict('storage-unreachable', true, 'cannot be reached: the data connection broke'),
  430: noLogin,
  450: verdict('storage-failed', true, 'is in use'),
  451: verdict('storage-failed', true, 'meets a failure of the server'),
  452: full,
  500: verdict('unsupported', false, 'asks for what this server cannot do'),
  502: verdict('unsupported', false, 'asks for what this server cannot do'),
  504: verdict('unsupported', false, 'asks for what this server cannot do'),
  521: wantsTls,
  522: wantsTls,
  530: noLogin,
  532: denied,
  533: wantsTls,
  534: wantsTls,
  552: full,
};

/** Servers have no codes of their own for these, so their words count. */
export const isDenied = (words: string): boolean =>
  /denied|not permitted|not allowed|forbidden|privilege|read.?only|no access|rights/i.test(words);
const isCrowded = (words: string): boolean => /too many|maximum|limit/i.test(words);
/** What ProFTPD says of a write that took only a part, as the last one before a disk is full does: it has no other word for it. */
const isShortWrite = (words: string): boolean => /input\/output error/i.test(words);
const isFull = (words: string): boolean => /quota|no space|disk (is )?full|insufficient/i.test(words);
export const isMissing = (words: string): boolean => /no such|not found|not exist|cannot find/i.test(words);
const isTaken = (words: string): boolean => /exists|is a directory/i.test(words);

/** Any error of the driver as an AppError that names `subject` (`ftp://host/path`). Pure. */
export function classify(error: unknown, operation: FtpOperation, subject: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new AppError('aborted', { message: 'The work was interrupted.', operation, cause: error });
  if (!(error instanceof FtpRefusal)) {
    const message = error instanceof Error ? error.message : String(error);
    return new AppError('storage-failed', {
      message: `${subject}: ${message}.`,
      operation,
      temporary: false,
      cause: error,
    });
  }
  const { code, temporary, sentence, hint } = verdictOf(error, operation);
  const said = `${error.code} ${error.words.replaceAll('\n', ' ').replace(/[.\s]+$/, '')}`;
  return new AppError(code, {
    message: `${subject} ${sentence} (${said}).`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary,
    context: { code: error.code, command: error.verb },
    cause: error,
  });
}

function verdictOf({ code, words, verb }: FtpRefusal, operation: FtpOperation): Verdict {
  if (operation === 'log in') {
    if (isCrowded(words)) return busy;
    if (verb === 'AUTH' || verb === 'PBSZ' || verb === 'PROT') return noTls;
    if (/\b(tls|ssl|encrypt)/i.test(words)) return wantsTls;
    if (code >= 500 && (verb === 'USER' || verb === 'PASS')) return noLogin;
  }
  if (code === 421 && isCrowded(words)) return busy;
  if (code < 500 ? code === 450 || code === 451 : code >= 550) {
    if (isFull(words)) return full;
    if (operation === 'put' && isShortWrite(words)) return fullOrFailing;
    if (isDenied(words)) return denied;
    if (operation === 'put' && isTaken(words)) return inTheWay;
    if (isMissing(words) || (code === 550 && !isTaken(words))) return operation === 'put' ? noPlace : missing;
  }
  return verdicts[code] ?? verdict('storage-failed', code < 500, 'meets a failure of the server');
}
