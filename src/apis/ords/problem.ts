import { STATUS_CODES } from 'node:http';
import type { ErrorCode, ErrorKind } from '../../core/error-catalogue.ts';
import type { AppError } from '../../core/errors.ts';
import type { Api, ApiReply } from '../api.ts';

interface Outcome {
  readonly status: number;
  /** The CamelCase word of `code`. */
  readonly code: string;
}

const badRequest: Outcome = { status: 400, code: 'BadRequest' };
const unavailable: Outcome = { status: 503, code: 'ServiceUnavailable' };
const defect: Outcome = { status: 500, code: 'InternalServerError' };

const outcomes: Readonly<Record<ErrorKind, Outcome>> = {
  invalid: badRequest,
  unauthenticated: { status: 401, code: 'Unauthorized' },
  forbidden: { status: 403, code: 'Forbidden' },
  not_found: { status: 404, code: 'NotFound' },
  method_not_allowed: { status: 405, code: 'MethodNotAllowed' },
  not_acceptable: { status: 406, code: 'NotAcceptable' },
  conflict: { status: 409, code: 'Conflict' },
  precondition_failed: { status: 412, code: 'PreconditionFailed' },
  too_large: { status: 413, code: 'PayloadTooLarge' },
  unsupported_media_type: { status: 415, code: 'UnsupportedMediaType' },
  // The contract knows no 422: what cannot be done with the request as it stands is a bad request.
  unsupported: badRequest,
  corrupt: badRequest,
  unavailable,
  timeout: unavailable,
  aborted: unavailable,
  lease_lost: defect,
  snapshot_lost: unavailable,
  internal: defect,
};

/** Codes whose kind would say the wrong thing here. */
const exceptions: Readonly<Partial<Record<ErrorCode, Outcome>>> = {
  // What a start request names and what does not fit it: 404 and 409 are about the addressed thing.
  'directory-unknown': badRequest,
  'credential-unknown': badRequest,
  'file-missing': badRequest,
  'file-exists': badRequest,
  'object-exists': badRequest,
  // The pool is not usable, whatever its database answered.
  'database-refused': unavailable,
  'database-missing': unavailable,
  'database-not-a-database': unavailable,
  'database-full': unavailable,
};

/** A problem body in ORDS's own members: without `status` and `detail`, with `code` and `message`. */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly message: string;
  readonly action: string;
  readonly 'o:errorCode': string;
  readonly type: string;
  readonly instance: string;
}

/** AUTO mode: a browser says that it reads HTML and does not name JSON. */
function wantsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /text\/html/i.test(accept) && !/json/i.test(accept);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');

function htmlPage(status: number, problem: Problem): string {
  const heading = `${status} ${escapeHtml(problem.title)}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><title>${heading}</title></head>`,
    `<body><h1>${heading}</h1>`,
    `<p>${escapeHtml(problem.message)}</p>`,
    `<p>${escapeHtml(problem.action)}</p>`,
    `<p><small>${escapeHtml(problem.instance)}</small></p></body>`,
    '</html>',
    '',
  ].join('\n');
}

/** An error as ORDS prints it: problem+json, or a small page for browsers. */
export const encodeError: Api['encodeError'] = (error: AppError, request): ApiReply => {
  const { status, code } = exceptions[error.code] ?? outcomes[error.kind];
  const hidden = error.kind === 'internal' || error.kind === 'lease_lost';
  const problem: Problem = {
    code,
    title: STATUS_CODES[status] ?? code,
    // The words of a defect may hold anything; the log has them under the id of `instance`.
    message: hidden ? 'The request failed because of a defect of the service.' : error.message,
    action: hidden
      ? 'Report it with the log lines of the id in instance.'
      : error.hint.replace('/openapi.json', 'metadata-catalog/openapi.json'),
    'o:errorCode': error.code,
    type: `tag:oracle.com,2020:error/${code}`,
    instance: `tag:oracle.com,2020:ecid/${request.requestId}`,
  };
  if (wantsHtml(request.headers.accept)) {
    return {
      status,
      headers: { 'Content-Type': 'text/html; charset=utf-8' },
      body: htmlPage(status, problem),
    };
  }
  return { status, headers: { 'Content-Type': 'application/problem+json' }, body: problem };
};
