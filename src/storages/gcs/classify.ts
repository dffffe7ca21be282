import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';

/** What was asked of the storage when it failed. */
export type GcsOperation = 'put' | 'get' | 'stat' | 'list' | 'remove';

interface Verdict {
  readonly code: ErrorCode;
  readonly temporary: boolean;
  readonly sentence: string;
  readonly hint?: string;
}

const lasting = (code: ErrorCode, sentence: string, hint?: string): Verdict =>
  hint === undefined ? { code, temporary: false, sentence } : { code, temporary: false, sentence, hint };
const passing = (code: ErrorCode, sentence: string): Verdict => ({ code, temporary: true, sentence });

const bucketMissing = lasting('bucket-missing', 'the bucket does not exist');
const throttled = passing('storage-throttled', 'the storage asks for fewer requests');
/** After a week, or because the storage has lost it: the next try begins another. */
const sessionEnded = passing('storage-failed', 'the upload session has ended');
const passedOut = passing('storage-failed', 'the storage has an internal error');

/** By the reason that the JSON API gives. */
const verdicts: Readonly<Record<string, Verdict>> = {
  authError: lasting(
    'storage-denied',
    'the storage refuses the token',
    'Check the key of the service account and the clock of this machine.',
  ),
  required: lasting(
    'storage-denied',
    'the bucket is not public, and nobody is signed in',
    'Use a credential of the type gcs with the key file of a service account.',
  ),
  forbidden: lasting(
    'storage-denied',
    'the service account may not do this',
    'Give it a role with objects.create, get, list and delete on the bucket, such as Storage Object User.',
  ),
  insufficientPermissions: lasting('storage-denied', 'the token does not allow this'),
  accountDisabled: lasting('storage-denied', 'the account of the project is disabled'),
  retentionPolicyNotMet: lasting('storage-denied', 'the retention policy of the bucket keeps it as it is'),
  objectUnderActiveHold: lasting('storage-denied', 'a hold keeps it as it is'),
  conditionNotMet: lasting('file-exists', 'exists already'),
  requestedRangeNotSatisfiable: lasting('dump-truncated', 'is shorter than what was asked for'),
  quotaExceeded: lasting('storage-full', 'a quota of the project is used up'),
  rateLimitExceeded: throttled,
  userRateLimitExceeded: throttled,
  tooManyRequests: throttled,
  backendError: passedOut,
  internalError: passedOut,
  uploadBrokenConnection: passing('storage-unreachable', 'the connection broke while it was sent'),
};

/** By HTTP status, where the reason says no more. */
const statusVerdicts: Readonly<Record<number, Verdict>> = {
  401: lasting('storage-denied', 'the storage refuses the token'),
  403: lasting('storage-denied', 'may not be accessed with this credential'),
  404: lasting('file-missing', 'does not exist'),
  410: sessionEnded,
  408: passing('storage-timeout', 'the storage did not get the request in time'),
  412: lasting('file-exists', 'exists already'),
  416: lasting('dump-truncated', 'is shorter than what was asked for'),
  429: throttled,
  500: passedOut,
  502: passing('storage-failed', 'a gateway has no answer of the storage'),
  503: passing('storage-throttled', 'the storage is busy'),
  504: passing('storage-timeout', 'a gateway waits for the storage in vain'),
};

/** An answer that is no success as an AppError that names `subject` (`gs://bucket/name`). Pure. */
export function classify(status: number, body: string, operation: GcsOperation, subject: string): AppError {
  const { reason, message } = faultOf(body);
  const verdict = verdictOf(status, reason, message, operation);
  const hint = verdict?.hint;
  const sentence = verdict?.sentence ?? (message || 'the storage failed');
  return new AppError(verdict?.code ?? 'storage-failed', {
    message: `${subject}: ${sentence} (${[reason, `HTTP ${status}`].filter(Boolean).join(', ')}).`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary: verdict?.temporary ?? false,
    context: { status, reason },
  });
}

function verdictOf(
  status: number,
  reason: string,
  message: string,
  operation: GcsOperation,
): Verdict | undefined {
  if (status === 404 && /bucket does not exist/i.test(message)) return bucketMissing;
  // An upload finds nothing missing but its session.
  if (status === 404 && operation === 'put') return sessionEnded;
  return verdicts[reason] ?? statusVerdicts[status];
}

/** What an answer says: `{"error":{"code":404,"message":"...","errors":[{"reason":"notFound"}]}}`, or a plain text. */
function faultOf(body: string): { readonly reason: string; readonly message: string } {
  try {
    const { error } = JSON.parse(body) as {
      readonly error?: { readonly message?: unknown; readonly errors?: readonly { reason?: unknown }[] };
    };
    const reason = error?.errors?.[0]?.reason;
    return {
      reason: typeof reason === 'string' ? reason : '',
      message: oneLine(String(error?.message ?? '')),
    };
  } catch {
    return { reason: '', message: oneLine(body) };
  }
}

const oneLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/\.$/, '').slice(0, 300);
