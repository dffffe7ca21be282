import { AppError } from '../../core/errors.ts';
import { type Verdict, verdict } from '../blocks/verdict.ts';
import { SwiftRefusal } from './refusal.ts';

/** What was asked of Swift when it refused. */
export type SwiftOperation = 'sign in' | 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep';

const noLogin = verdict(
  'storage-denied',
  false,
  'refuses the user or the secret',
  'Correct the credential: its id, its secret, and the options project and user-domain where Keystone is asked.',
);

const verdicts: Readonly<Record<number, Verdict>> = {
  401: verdict('storage-denied', false, 'takes no request of this user'),
  403: verdict('storage-denied', false, 'is not open to this user'),
  404: verdict('file-missing', false, 'does not exist'),
  408: verdict('storage-timeout', true, 'was not sent in time'),
  409: verdict('storage-failed', true, 'is being written by somebody else'),
  412: verdict('file-exists', false, 'exists already'),
  413: verdict('storage-failed', false, 'is larger than Swift takes'),
  416: verdict('dump-truncated', false, 'ends before the bytes that are needed'),
  422: verdict('storage-failed', true, 'did not arrive as it was sent'),
  429: verdict('storage-throttled', true, 'is asked for too often'),
  498: verdict('storage-throttled', true, 'is asked for too often'),
  503: verdict('storage-throttled', true, 'is not to be had for the moment'),
  504: verdict('storage-timeout', true, 'is not answered for in time'),
  507: verdict('storage-full', false, 'cannot be written: the disks of Swift are full'),
};

const missingContainer = verdict('bucket-missing', false, 'lies in a container that does not exist');
const quota = verdict('storage-full', false, 'cannot be written: a quota is used up');
const noSuchLogin = verdict(
  'location-invalid',
  false,
  'is no place to sign in',
  'Correct the option auth-url: https://host/auth/v1.0 for a v1 login, https://host:5000/v3 for Keystone.',
);
const missingSegments = verdict('dump-damaged', false, 'cannot be read whole: segments of it are missing');

/** Any error of the driver as an AppError that names `subject` (`swift://container/object`, an address to sign in). Pure. */
export function classify(error: unknown, operation: SwiftOperation, subject: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new AppError('aborted', { message: 'The work was interrupted.', operation, cause: error });
  if (!(error instanceof SwiftRefusal)) {
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
    message: `${subject} ${sentence} (${error.status} ${error.words}).`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary,
    context: { status: error.status },
    cause: error,
  });
}

function verdictOf({ status, words }: SwiftRefusal, operation: SwiftOperation): Verdict {
  if (operation === 'sign in') {
    if (status === 401 || status === 403) return noLogin;
    if (status === 404 || status === 405) return noSuchLogin;
  }
  if (status === 404 && containerOperations.includes(operation)) return missingContainer;
  if (status === 409 && operation === 'get') return missingSegments;
  if (status === 413 && /quota/i.test(words)) return quota;
  const isServerFault = status >= 500;
  return (
    verdicts[status] ??
    verdict('storage-failed', isServerFault, isServerFault ? 'meets a fault of Swift' : 'is refused')
  );
}

/** What they do not find is the container. */
const containerOperations: readonly SwiftOperation[] = ['put', 'list', 'sweep'];
