import Type from 'typebox';
import type { ErrorCode, ErrorKind } from '../../core/error-catalogue.ts';
import type { AppError } from '../../core/errors.ts';
import type { Action } from '../../core/permission.ts';
import type { ApiReply } from '../api.ts';
import { Refusal } from './refusal.ts';
import { shownText } from './shown-text.ts';

interface Outcome {
  readonly status: number;
  readonly code: string;
}

const badRequest: Outcome = { status: 400, code: 'invalid_schema' };
const notAcceptable: Outcome = { status: 406, code: 'not_supported' };
const unavailable: Outcome = { status: 503, code: 'unavailable' };
const defect: Outcome = { status: 500, code: 'internal_error' };

const outcomes: Readonly<Record<ErrorKind, Outcome>> = {
  invalid: badRequest,
  unauthenticated: { status: 401, code: 'unauthorized' },
  forbidden: { status: 403, code: 'forbidden' },
  not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  not_acceptable: notAcceptable,
  conflict: { status: 409, code: 'busy' },
  precondition_failed: { status: 409, code: 'busy' },
  too_large: { status: 413, code: 'invalid_schema' },
  // The contract's answer to an invalid header.
  unsupported_media_type: badRequest,
  unsupported: notAcceptable,
  corrupt: notAcceptable,
  unavailable,
  timeout: unavailable,
  aborted: unavailable,
  lease_lost: defect,
  snapshot_lost: unavailable,
  internal: defect,
};

/** Codes whose kind would say the wrong thing here. */
const exceptions: Readonly<Partial<Record<ErrorCode, Outcome>>> = {
  'database-unknown': { status: 404, code: 'db_not_found' },
  'database-busy': { status: 409, code: 'db_busy' },
  // What a body names and what does not fit it: 404 and 409 are about the addressed thing.
  'directory-unknown': badRequest,
  'credential-unknown': badRequest,
  'file-missing': badRequest,
  'file-exists': badRequest,
  // The database is not usable, whatever it answered the service.
  'database-refused': unavailable,
  'database-missing': unavailable,
  'database-privilege': unavailable,
};

/** Seconds after which a client may ask again for a database that is busy. */
const retryAfterSeconds = 10;

/** An error in the members that the vendor's own pages and servers show, in all their variants at once. */
export const ErrorBody = Type.Object(
  {
    error_code: Type.String({ description: 'A stable word.' }),
    description: Type.String({ description: 'What is wrong.' }),
    message: Type.String({ description: 'The same as description.' }),
  },
  { $id: 'Error', description: 'An error.' },
);

/** @param stateId the newest `cluster-state-id`; null where it was not asked for yet */
export function encodeError(error: AppError, stateId: number | null): ApiReply {
  const { status, code } =
    error instanceof Refusal
      ? { status: error.status, code: error.errorCode }
      : (exceptions[error.code] ?? outcomes[error.kind]);
  const text = textOf(error);
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      ...(stateId === null ? {} : { 'cluster-state-id': String(stateId) }),
      ...(error.code === 'database-busy' ? { 'Retry-After': String(retryAfterSeconds) } : {}),
    },
    body: { error_code: code, description: text, message: text },
  };
}

/** What the service asks for where a location brings no credentials; the contract has no permission of that name. */
const placeRight: Action = 'location:any';

function textOf(error: AppError): string {
  // The words of a defect may hold anything; the log has them.
  if (error.kind === 'internal' || error.kind === 'lease_lost')
    return 'The request failed because of a defect of the service.';
  if (error.context.action === placeRight) {
    return 'The role of the user does not extend to a place without credentials of its own. Give them in the location, or name a mount_point.';
  }
  const hint = error.hint.replaceAll('/openapi.json', '/v1/openapi.json');
  return shownText(hint === '' ? error.message : `${error.message} ${hint}`);
}
