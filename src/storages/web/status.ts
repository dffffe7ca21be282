import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import type { HttpResponse } from '../../network/http-request.ts';
import { retryAfter } from '../../network/retry-after.ts';

/** What was asked of a server. */
export type WebOperation = 'put' | 'get' | 'stat' | 'list' | 'remove' | 'sweep' | 'free space';

interface Verdict {
  readonly code: ErrorCode;
  readonly temporary?: boolean;
  readonly sentence: string;
  readonly hint?: string;
}

const folder = 'Create the folder at the server, or correct the location.';

/** By status code, for all operations but where `ofWrites` has another. */
const verdicts: Readonly<Record<number, Verdict>> = {
  401: { code: 'storage-denied', sentence: 'is refused: the server does not accept the credential' },
  403: { code: 'storage-denied', sentence: 'is refused: the server does not let this credential do it' },
  404: { code: 'file-missing', sentence: 'does not exist' },
  405: { code: 'storage-failed', sentence: 'is refused: the server does not take such requests' },
  407: { code: 'storage-denied', sentence: 'is refused by a proxy that wants a login' },
  408: { code: 'storage-timeout', sentence: 'took the server too long to receive' },
  410: { code: 'file-missing', sentence: 'does not exist any more' },
  411: {
    code: 'unsupported',
    sentence: 'is refused: the server takes only files whose size is known beforehand',
    hint: 'Have smaller files written, or use another kind of storage: the size of a larger file is known only after its last byte.',
  },
  412: { code: 'file-exists', sentence: 'exists already' },
  413: {
    code: 'storage-unwritable',
    sentence: 'is larger than the server takes',
    hint: 'Raise the limit of the server for the size of a request.',
  },
  414: { code: 'file-name-invalid', sentence: 'has too long a name for the server' },
  416: { code: 'dump-truncated', sentence: 'is shorter than it should be' },
  423: { code: 'storage-failed', temporary: true, sentence: 'is locked at the server' },
  425: { code: 'storage-failed', temporary: true, sentence: 'is refused for the moment' },
  429: { code: 'storage-throttled', sentence: 'is refused for the moment: too many requests' },
  500: { code: 'storage-failed', temporary: true, sentence: 'is not served: the server has failed' },
  502: { code: 'storage-failed', temporary: true, sentence: 'is not served: the server behind has failed' },
  503: { code: 'storage-failed', temporary: true, sentence: 'is not served for the moment' },
  504: { code: 'storage-timeout', sentence: 'is not served in time by the server behind' },
  507: { code: 'storage-full', sentence: 'does not fit: the server has no room left' },
};

const ofWrites: Readonly<Record<number, Verdict>> = {
  404: { code: 'storage-unwritable', sentence: 'cannot be written: its folder does not exist', hint: folder },
  405: { code: 'storage-unwritable', sentence: 'cannot be written: the server does not take files there' },
  409: { code: 'storage-unwritable', sentence: 'cannot be written: its folder does not exist', hint: folder },
  410: { code: 'storage-unwritable', sentence: 'cannot be written: its folder does not exist', hint: folder },
  501: { code: 'storage-unwritable', sentence: 'cannot be written: the server does not know how' },
};

/**
 * A refusal of a server as an AppError about `subject` (a URL without secrets). Pure.
 * @param ownCode the server's own word for the fault, where it has one: `NoSuchBucket`
 * @param facts for the context: how long to wait
 */
export function classifyStatus(
  status: number,
  operation: WebOperation,
  subject: string,
  ownCode: string | null = null,
  facts: AppError['context'] = {},
): AppError {
  const found = (operation === 'put' ? ofWrites[status] : undefined) ?? verdicts[status];
  const reason = [status, STATUS_CODES[status]].join(' ').trim();
  const said = ownCode === null ? reason : `${reason}, ${ownCode}`;
  return new AppError(found?.code ?? 'storage-failed', {
    message: `${subject} ${found?.sentence ?? 'is not served as it should be'} (${said}).`,
    operation,
    context: { status, ...(ownCode === null ? {} : { storageCode: ownCode }), ...facts },
    ...(found?.hint === undefined ? {} : { hint: found.hint }),
    ...temporaryOf(found),
  });
}

/** What is unknown is not tried again; what has no word of its own goes by the catalogue. */
function temporaryOf(found: Verdict | undefined): { readonly temporary?: boolean } {
  if (found?.temporary !== undefined) return { temporary: found.temporary };
  return found === undefined || found.code === 'storage-failed' || found.code === 'storage-unwritable'
    ? { temporary: false }
    : {};
}

/** Reads what the server says about a refusal. */
export async function refusalOf(
  response: HttpResponse,
  operation: WebOperation,
  subject: string,
): Promise<AppError> {
  // The status says enough where the explanation breaks off.
  const text = await response.text().catch(() => '');
  const facts = retryAfter(response.headers, Date.now());
  return classifyStatus(response.status, operation, subject, ownCodeOf(text), facts);
}

/** The code in an error document as object storages (JSON, XML) and WebDAV servers send it. Nothing else of it is shown: it may quote the request. */
export function ownCodeOf(text: string): string | null {
  const match =
    /"code"\s*:\s*"([A-Za-z][\w.]{1,60})"/.exec(text) ??
    /<(?:\w+:)?(?:Code|exception)>([A-Za-z][\w.\\]{1,80})<\//.exec(text);
  return match?.[1] ?? null;
}
