import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { mayQuoteSigning } from '../blocks/server-words.ts';

/** What was asked of the storage when it failed. */
export type S3Operation = 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep';

/** What an answer of the storage says about a failure. */
export interface S3Fault {
  /** The storage's own code (`NoSuchBucket`); for an answer without a body its status (`403`). */
  readonly code: string;
  /** Null: no answer came. */
  readonly status: number | null;
  readonly message: string;
  /** Where the bucket is, when the storage says that it is elsewhere. */
  readonly region: string | null;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly temporary: boolean;
  readonly hint?: string;
}

const verdict = (code: ErrorCode, hint?: string): Verdict => ({
  code,
  temporary: false,
  ...(hint === undefined ? {} : { hint }),
});
const passing = (code: ErrorCode, hint?: string): Verdict => ({ ...verdict(code, hint), temporary: true });

const wrongKey = 'Correct the access key id and the secret of the credential.';
const rights = 'Give the owner of the credential the right to do this at the storage.';
const larger = 'Make room or raise the quota, then resume the job.';
const coldClass = 'Restore the object from its archive class first.';

const noKeys = verdict(
  'storage-denied',
  'Set the keys in the environment of the server or give the machine a role, or use a credential with keys of its own.',
);

/** By the storage's own code. */
const byCode: Readonly<Record<string, Verdict>> = {
  NoSuchBucket: verdict('bucket-missing'),
  NoSuchKey: verdict('file-missing'),
  NotFound: verdict('file-missing'),
  PreconditionFailed: verdict('file-exists'),
  InvalidRange: verdict('dump-truncated'),
  InvalidObjectState: verdict('storage-denied', coldClass),
  InvalidAccessKeyId: verdict('storage-denied', wrongKey),
  InvalidClientTokenId: verdict('storage-denied', wrongKey),
  SignatureDoesNotMatch: verdict('storage-denied', wrongKey),
  AuthorizationHeaderMalformed: verdict('storage-denied', 'Check region and keys.'),
  ExpiredToken: verdict('storage-denied', 'The keys of the environment have expired: renew them.'),
  InvalidToken: verdict('storage-denied', 'The keys of the environment are not valid any more: renew them.'),
  AccessDenied: verdict('storage-denied', rights),
  AccessForbidden: verdict('storage-denied', rights),
  AllAccessDisabled: verdict('storage-denied', rights),
  AccountProblem: verdict('storage-denied', 'Ask the provider of the storage about the account.'),
  InvalidPayer: verdict('storage-denied', 'Ask the provider of the storage about the account.'),
  RequestTimeTooSkewed: verdict(
    'storage-denied',
    'Set the clock of this machine (or of the storage): they differ by more than a quarter of an hour.',
  ),
  RequestExpired: verdict('storage-denied', 'Set the clock of this machine (or of the storage).'),
  QuotaExceeded: verdict('storage-full', larger),
  EntityTooLarge: verdict('storage-full', larger),
  InsufficientStorageSpace: verdict('storage-full', larger),
  InsufficientStorage: verdict('storage-full', larger),
  StorageFull: verdict('storage-full', larger),
  XMinioStorageFull: verdict('storage-full', larger),
  TooManyBuckets: verdict('storage-full', larger),
  SlowDown: passing('storage-throttled'),
  Throttling: passing('storage-throttled'),
  ThrottlingException: passing('storage-throttled'),
  TooManyRequests: passing('storage-throttled'),
  TooManyRequestsException: passing('storage-throttled'),
  RequestLimitExceeded: passing('storage-throttled'),
  BandwidthLimitExceeded: passing('storage-throttled'),
  ServiceUnavailable: passing('storage-throttled'),
  VirtualHostDomainRequired: verdict('location-invalid', 'Add path-style=false to the location.'),
  InvalidBucketName: verdict('location-invalid', 'Correct the name of the bucket.'),
  KeyTooLongError: verdict('file-name-invalid', 'Shorten the prefix of the location or the file name.'),
  InvalidStorageClass: verdict('location-invalid', 'Correct the option storage-class.'),
  RequestTimeout: passing('storage-unreachable'),
  IncompleteBody: passing('storage-unreachable'),
  InternalError: passing('storage-failed'),
  OperationAborted: passing('storage-failed'),
  ConditionalRequestConflict: passing('storage-failed'),
  BadDigest: passing('storage-failed'),
  XAmzContentSHA256Mismatch: passing('storage-failed'),
  // Somebody removed the unfinished upload: it has to begin again.
  NoSuchUpload: passing('storage-failed'),
  InvalidPart: passing('storage-failed'),
  CredentialsProviderError: noKeys,
  ProviderError: noKeys,
};

/** What the client library throws when neither environment nor instance have keys for it. */
const errorsOfKeys: readonly string[] = ['CredentialsProviderError', 'ProviderError'];

/** Wherever the code says nothing to us. */
const byStatus: Readonly<Record<number, Verdict>> = {
  401: verdict('storage-denied'),
  403: verdict('storage-denied', rights),
  404: verdict('file-missing'),
  408: passing('storage-unreachable'),
  412: verdict('file-exists'),
  413: verdict('storage-full', larger),
  416: verdict('dump-truncated'),
  429: passing('storage-throttled'),
  500: passing('storage-failed'),
  502: passing('storage-failed'),
  503: passing('storage-throttled'),
  504: passing('storage-failed'),
  507: verdict('storage-full', larger),
};

const codesOfRegion: readonly string[] = [
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
];
const statusesOfRegion: readonly (number | null)[] = [301, 307, 400];

const doing: Readonly<Record<S3Operation, string>> = {
  put: 'written',
  get: 'read',
  stat: 'looked at',
  list: 'listed',
  remove: 'removed',
  sweep: 'swept',
};

/**
 * Any error of the client library as an AppError that names `subject` (a location). Holds nothing of the request, which could be secret: of
 * what the storage says no words that may quote it. Pure.
 * @param keyId the access key id, which is left out
 */
export function classify(
  error: unknown,
  operation: S3Operation,
  subject: string,
  keyId: string | null = null,
): AppError {
  if (error instanceof AppError) return error;
  const fault = faultOf(error);
  const { code, temporary, hint } = verdictOf(fault);
  const status = fault.status === null || String(fault.status) === fault.code ? '' : ` (${fault.status})`;
  const words = fault.message === '' || mayQuoteSigning(fault.message, keyId) ? '' : `: ${fault.message}`;
  const said = errorsOfKeys.includes(fault.code)
    ? `no keys were found (${fault.code})`
    : `the storage says ${fault.code}${status}`;
  return new AppError(code, {
    message: `${subject} cannot be ${doing[operation]}: ${said}${words}.`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary,
    context: { code: fault.code, status: fault.status },
  });
}

function verdictOf(fault: S3Fault): Verdict {
  const { code, status, region } = fault;
  const isElsewhere = codesOfRegion.includes(code) || (region !== null && statusesOfRegion.includes(status));
  if (isElsewhere && region !== null) {
    return verdict(
      'location-invalid',
      `The bucket is in another region: add region=${region} to the location.`,
    );
  }
  if (isElsewhere && code !== 'AuthorizationHeaderMalformed') {
    return verdict('location-invalid', 'Name the endpoint and region that the bucket is at.');
  }
  return (
    (Object.hasOwn(byCode, code) ? byCode[code] : undefined) ??
    byStatus[status ?? 0] ??
    verdict('storage-failed')
  );
}

/** What an error of the client library says, its words on one line and without the full stop. */
export function faultOf(error: unknown): S3Fault {
  const found = error as {
    readonly name?: unknown;
    readonly Code?: unknown;
    readonly message?: unknown;
    readonly Region?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  } | null;
  const status = found?.$metadata?.httpStatusCode ?? null;
  const code = [found?.Code, found?.name].find((each) => typeof each === 'string' && isCode(each)) as
    | string
    | undefined;
  const region = found?.Region ?? found?.$response?.headers?.['x-amz-bucket-region'];
  const message = typeof found?.message === 'string' ? found.message : String(error);
  return {
    code: code ?? (status === null ? 'an error' : String(status)),
    status,
    message: sentence(message, code),
    region: typeof region === 'string' && /^[a-z0-9-]+$/.test(region) ? region : null,
  };
}

/** Names that the library gives to what it does not know say nothing. */
const isCode = (name: string): boolean =>
  /^[A-Za-z][\w.-]{0,63}$/.test(name) &&
  !['Error', 'Unknown', 'UnknownError', 'S3ServiceException'].includes(name);

function sentence(message: string, code: string | undefined): string {
  const plain = message.replace(/\s+/g, ' ').trim().replace(/\.+$/, '');
  return plain === code || ['UnknownError', 'Unknown', 'null', 'undefined'].includes(plain)
    ? ''
    : plain.slice(0, 300);
}
