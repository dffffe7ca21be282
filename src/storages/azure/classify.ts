import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { mayQuoteSigning } from '../blocks/server-words.ts';

/** What was asked of Azure when it failed. */
export type AzureOperation = 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep';

interface Verdict {
  readonly code: ErrorCode;
  readonly temporary: boolean;
  readonly sentence: string;
  readonly hint?: string;
}

const lasting = (code: ErrorCode, sentence: string, hint?: string): Verdict =>
  hint === undefined ? { code, temporary: false, sentence } : { code, temporary: false, sentence, hint };
const passing = (code: ErrorCode, sentence: string): Verdict => ({ code, temporary: true, sentence });

const rights =
  'Check the secret of the credential, its rights (a SAS token names them in sp=), and the firewall of the storage account.';
const identity =
  'Check the secret of the credential, the expiry of a SAS token, and the clock of this machine: 15 minutes off are too much.';
const denied = lasting('storage-denied', 'may not be accessed with this credential', rights);
const unknown = lasting('storage-denied', 'the storage refuses the key or token', identity);
const container = lasting('bucket-missing', 'the container does not exist');

/** By Azure's own error code. */
const verdicts: Readonly<Record<string, Verdict>> = {
  AuthenticationFailed: unknown,
  InvalidAuthenticationInfo: unknown,
  NoAuthenticationInformation: lasting(
    'storage-denied',
    'the container is not public, and no key was sent',
    identity,
  ),
  PublicAccessNotPermitted: lasting(
    'storage-denied',
    'the storage account lets nobody in without a key',
    identity,
  ),
  KeyBasedAuthenticationNotPermitted: lasting(
    'storage-denied',
    'the storage account takes no account keys',
    'Use a SAS token or the managed identity of the machine (keys=instance).',
  ),
  AuthorizationFailure: denied,
  AuthorizationPermissionMismatch: denied,
  AuthorizationProtocolMismatch: denied,
  AuthorizationResourceTypeMismatch: denied,
  AuthorizationServiceMismatch: denied,
  AuthorizationSourceIPMismatch: denied,
  InsufficientAccountPermissions: denied,
  UnauthorizedBlobOverwrite: denied,
  AccountIsDisabled: lasting('storage-denied', 'the storage account is disabled'),
  BlobImmutableDueToPolicy: lasting('storage-denied', 'a policy of the container keeps it as it is'),
  LeaseIdMissing: lasting('storage-denied', 'somebody holds a lease on it'),
  ContainerNotFound: container,
  ContainerBeingDeleted: lasting('bucket-missing', 'the container is being deleted'),
  ContainerDisabled: lasting('bucket-missing', 'the container is disabled'),
  // To strangers, Azure says this of containers that are not public too.
  ResourceNotFound: lasting(
    'bucket-missing',
    'the container or the account does not exist, or is not public',
  ),
  BlobNotFound: lasting('file-missing', 'does not exist'),
  BlobAlreadyExists: lasting('file-exists', 'exists already'),
  ConditionNotMet: lasting('file-exists', 'exists already'),
  InvalidBlobType: lasting('file-exists', 'exists already, as another kind of blob'),
  InvalidRange: lasting('dump-truncated', 'is shorter than what was asked for'),
  BlobArchived: lasting('storage-failed', 'is in the archive tier', 'Rehydrate the blob first.'),
  // A commit of another upload, or a sweep, throws the blocks away that were sent so far: the next try sends them again.
  InvalidBlockList: passing(
    'storage-failed',
    'its blocks have gone, since somebody else wrote the same name',
  ),
  InvalidBlobOrBlock: lasting(
    'storage-failed',
    'has unfinished blocks of another program',
    'Write the blob with that program or delete it, or wait a week.',
  ),
  Md5Mismatch: passing('storage-failed', 'other bytes came than were sent'),
  ServerBusy: passing('storage-throttled', 'the storage is busy'),
  OperationTimedOut: passing('storage-timeout', 'the storage did not finish in time'),
  InternalError: passing('storage-failed', 'the storage has an internal error'),
  AccountBeingCreated: passing('storage-failed', 'the storage account is being created'),
};

/** By HTTP status, for answers without a code of Azure: of proxies and gateways mostly. */
const statusVerdicts: Readonly<Record<number, Verdict>> = {
  401: unknown,
  403: denied,
  404: lasting('storage-failed', 'nobody knows it there', 'Check the endpoint of the location.'),
  408: passing('storage-timeout', 'the storage did not get the request in time'),
  416: lasting('dump-truncated', 'is shorter than what was asked for'),
  429: passing('storage-throttled', 'the storage asks for fewer requests'),
  500: passing('storage-failed', 'the storage has an internal error'),
  502: passing('storage-failed', 'a gateway has no answer of the storage'),
  503: passing('storage-throttled', 'the storage is busy'),
  504: passing('storage-timeout', 'a gateway waits for the storage in vain'),
  507: lasting('storage-full', 'the storage is full'),
};

/** What an error of the Azure client says. */
export interface AzureFault {
  /** Azure's code, else the client's, else ''. */
  readonly code: string;
  /** 0 without an answer. */
  readonly status: number;
  /** In one line. */
  readonly message: string;
  /** The storage's own time in milliseconds from the epoch; null where it does not tell. */
  readonly storageTimeMs: number | null;
}

/** Any error of a call as an AppError that names `subject` (`az://container/name`). Pure but for the clock. */
export function classify(
  error: unknown,
  operation: AzureOperation,
  subject: string,
  nowMs: number = Date.now(),
): AppError {
  if (error instanceof AppError || (error instanceof Error && error.name === 'AbortError'))
    return toAppError(error);
  const fault = faultOf(error);
  const verdict = verdicts[fault.code] ?? statusVerdicts[fault.status];
  const code = fault.code || (fault.status > 0 ? `HTTP ${fault.status}` : '');
  const words = mayQuoteSigning(fault.message) ? '' : fault.message;
  const sentence = verdict?.sentence ?? (words || 'the storage failed');
  const hint = verdict?.hint;
  // The error itself is left behind: it holds the request with its signature.
  return new AppError(verdict?.code ?? 'storage-failed', {
    message: `${subject}: ${sentence}${clockFault(fault, nowMs)}${code === '' ? '' : ` (${code})`}.`,
    ...(hint === undefined ? {} : { hint }),
    operation,
    temporary: verdict?.temporary ?? false,
    context: { code: fault.code, status: fault.status },
  });
}

const clockToleranceMs = 10 * 60_000;

/** Signatures are good for 15 minutes, so a clock that is further off makes every key look wrong. */
function clockFault({ status, storageTimeMs }: AzureFault, nowMs: number): string {
  if (storageTimeMs === null || (status !== 403 && status !== 401)) return '';
  const minutes = Math.round((nowMs - storageTimeMs) / 60_000);
  if (Math.abs(nowMs - storageTimeMs) < clockToleranceMs) return '';
  return `, and the clock of this machine is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead' : 'behind'}`;
}

/** The facts in an error of the Azure client, which is read by its shape, so that the client need not be loaded. */
export function faultOf(error: unknown): AzureFault {
  const { code, statusCode, message, response } = (error ?? {}) as {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly message?: unknown;
    readonly response?: { readonly headers?: { get(name: string): string | undefined } };
  };
  // Answers to HEAD have no body, and the code in a header.
  const header = response?.headers?.get('x-ms-error-code');
  const time = Date.parse(response?.headers?.get('date') ?? '');
  const text = typeof message === 'string' ? message : String(error);
  return {
    code: header ?? (typeof code === 'string' ? code : ''),
    status: typeof statusCode === 'number' ? statusCode : 0,
    message: (text.split('\n')[0] ?? '').trim().replace(/\.$/, '').slice(0, 300),
    storageTimeMs: Number.isNaN(time) ? null : time,
  };
}
