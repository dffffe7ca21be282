import type { ErrorCode } from '../../../core/error-catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { HttpResponse } from '../../../network/http-request.ts';
import { retryAfter } from '../../../network/retry-after.ts';
import { classifyStatus, ownCodeOf, type WebOperation } from '../../web/status.ts';

interface Verdict {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly temporary?: boolean;
  readonly hint?: string;
}

/** By the code in Oracle's error document; what is not here goes by the status. */
const verdicts: Readonly<Record<string, Verdict>> = {
  BucketNotFound: {
    code: 'bucket-missing',
    sentence: 'cannot be reached: there is no such bucket, or the credential does not see it',
  },
  NamespaceNotFound: { code: 'bucket-missing', sentence: 'cannot be reached: there is no such namespace' },
  ObjectNotFound: { code: 'file-missing', sentence: 'does not exist' },
  NotAuthenticated: {
    code: 'storage-denied',
    sentence: 'is refused: the request is not signed as it should be',
    hint: 'Check id and key of the credential, and the clock: more than five minutes off is refused too.',
  },
  NotAuthorizedOrNotFound: {
    code: 'storage-denied',
    sentence: 'is refused: it does not exist, or the credential has no right to it',
  },
  NotAuthorized: { code: 'storage-denied', sentence: 'is refused: the credential has no right to do it' },
  InsufficientServicePermissions: {
    code: 'storage-denied',
    sentence: 'is refused: the storage service itself has no right to do it',
  },
  IfNoneMatchFailed: { code: 'file-exists', sentence: 'exists already' },
  QuotaExceeded: { code: 'storage-full', sentence: 'does not fit: a quota is used up' },
  LimitExceeded: { code: 'storage-full', sentence: 'does not fit: a limit of the tenancy is reached' },
  ConcurrentObjectUpdate: {
    code: 'storage-failed',
    sentence: 'is being written by somebody else',
    temporary: true,
  },
  TooManyRequests: { code: 'storage-throttled', sentence: 'is refused for the moment: too many requests' },
};

/** A refusal of Oracle's object storage, by status and by the code of its error document ('' for none). Pure. */
export function classifyOci(
  status: number,
  ownCode: string | null,
  operation: WebOperation,
  subject: string,
  facts: AppError['context'] = {},
): AppError {
  const found = ownCode === null ? undefined : verdicts[ownCode];
  if (found === undefined) return classifyStatus(status, operation, subject, ownCode, facts);
  return new AppError(found.code, {
    message: `${subject} ${found.sentence} (${status} ${ownCode}).`,
    operation,
    context: { status, storageCode: ownCode, ...facts },
    ...(found.hint === undefined ? {} : { hint: found.hint }),
    ...(found.temporary === undefined ? {} : { temporary: found.temporary }),
  });
}

/** Reads what the storage says about a refusal. */
export async function ociRefusal(
  response: HttpResponse,
  operation: WebOperation,
  subject: string,
): Promise<AppError> {
  const text = await response.text().catch(() => '');
  const facts = retryAfter(response.headers, Date.now());
  return classifyOci(response.status, ownCodeOf(text), operation, subject, facts);
}
