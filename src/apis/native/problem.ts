import Type, { type Static } from 'typebox';
import type { ErrorKind } from '../../core/error-catalogue.ts';
import type { AppError } from '../../core/errors.ts';
import type { ApiReply } from '../api.ts';
import { nullable } from './schema-parts.ts';

export const problemMediaType = 'application/problem+json';

/** An error as RFC 9457 spells it, with our stable code. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:pumphouse:error:` and the code.' }),
    title: Type.String({ description: 'The class of the error.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What is wrong, in one sentence.' }),
    code: Type.String({ description: 'The stable code; docs/errors.md lists them all.' }),
    hint: Type.String({ description: 'The remedy, in one sentence.' }),
    field: Type.Optional(Type.String({ description: 'The field of the request that is wrong.' })),
    instance: Type.String({ description: '`urn:pumphouse:request:` and the id of the request.' }),
    request_id: Type.String({
      description: 'The id of the request, as in the log and the header Request-Id.',
    }),
  },
  { $id: 'Problem', description: 'An error (RFC 9457).' },
);
export type Problem = Static<typeof Problem>;

/** An error that something keeps: why a job failed. */
export const StoredError = Type.Object({
  code: Type.String({ description: 'The stable code; docs/errors.md lists them all.' }),
  message: Type.String({ description: 'What is wrong, in one sentence.' }),
  hint: Type.String({ description: 'The remedy, in one sentence.' }),
  field: nullable(Type.String({ description: 'The field of the request that is to blame; null for none.' })),
  figures: Type.Optional(
    Type.Record(Type.String(), Type.Number(), { description: 'Numbers of the message by themselves.' }),
  ),
});

const rendering: Readonly<Record<ErrorKind, { readonly status: number; readonly title: string }>> = {
  invalid: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Credentials required' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  not_acceptable: { status: 406, title: 'Not acceptable' },
  conflict: { status: 409, title: 'Conflict' },
  precondition_failed: { status: 412, title: 'Precondition failed' },
  too_large: { status: 413, title: 'Request too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  unsupported: { status: 422, title: 'Unsupported' },
  corrupt: { status: 422, title: 'Damaged data' },
  unavailable: { status: 503, title: 'Unavailable' },
  timeout: { status: 504, title: 'Timed out' },
  aborted: { status: 503, title: 'Interrupted' },
  lease_lost: { status: 503, title: 'Interrupted' },
  snapshot_lost: { status: 503, title: 'Interrupted' },
  internal: { status: 500, title: 'Internal error' },
};

/** A database that refuses the service's credentials, or lacks a privilege, says nothing about those of the caller. */
const renderingOf = (error: AppError): { readonly status: number; readonly title: string } =>
  error.code === 'database-refused' || error.code === 'database-privilege'
    ? { status: 422, title: 'Refused by the database' }
    : rendering[error.kind];

/** The answer to a request that failed. */
export function encodeProblem(error: AppError, requestId: string): ApiReply {
  const { status, title } = renderingOf(error);
  const body: Problem = {
    type: `urn:pumphouse:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    hint: error.hint,
    ...(error.field === undefined ? {} : { field: error.field }),
    instance: `urn:pumphouse:request:${requestId}`,
    request_id: requestId,
  };
  return { status, headers: { 'content-type': problemMediaType }, body };
}
