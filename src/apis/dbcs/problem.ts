import Type from 'typebox';
import type { ErrorCode, ErrorKind } from '../../core/error-catalogue.ts';
import type { AppError } from '../../core/errors.ts';
import type { ApiReply } from '../api.ts';
import { commonHeaders } from './headers.ts';

/** The contract lists no 409, 412, 413 and 429: what they would say is a 400 with the reason. */
const statuses: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 400,
  precondition_failed: 400,
  too_large: 400,
  unsupported_media_type: 415,
  unsupported: 400,
  corrupt: 400,
  unavailable: 503,
  timeout: 503,
  aborted: 503,
  lease_lost: 503,
  snapshot_lost: 503,
  internal: 500,
};

/** Codes whose kind would say the wrong thing: 404 is about domain, deployment and job; 401 and 403 about the caller. */
const exceptions: Readonly<Partial<Record<ErrorCode, number>>> = {
  'backup-unknown': 400,
  'directory-unknown': 400,
  'credential-unknown': 400,
  'file-missing': 400,
  'database-refused': 503,
  'database-missing': 503,
  'database-privilege': 503,
};

/** The contract documents no body of errors; clients print what comes. */
export const ErrorBody = Type.Object(
  { message: Type.String({ description: 'What is wrong, and the remedy.' }) },
  { $id: 'Error', description: 'An error.' },
);

/** The answer to a request that failed. */
export function encodeError(error: AppError, requestId: string): ApiReply {
  // What describes our own API is of no use here.
  const hint = error.hint.includes('/openapi.json') ? '' : error.hint;
  return {
    status: exceptions[error.code] ?? statuses[error.kind],
    headers: { ...commonHeaders(requestId), 'content-type': 'application/json' },
    body: { message: hint === '' ? error.message : `${error.message} ${hint}` },
  };
}
