import Type from 'typebox';
import type { ErrorKind } from '../../core/error-catalogue.ts';
import type { AppError } from '../../core/errors.ts';
import type { ApiReply } from '../api.ts';
import { codes, Refusal } from './refusal.ts';

interface Outcome {
  readonly status: number;
  readonly code: string;
}

/** A failure of the product itself: 400, whatever it is about. */
const factory: Outcome = { status: 400, code: codes.requestInvalid };
/** Failures of the gateway before it, which alone have other statuses. */
const gateway = (status: number, number: string): Outcome => ({ status, code: `APIGW.${number}` });
const noSuchCall = '0101';
const tooLarge = '0201';
const notSignedIn = '0301';
const notAllowed = '0302';
const defect = '0601';

const outcomes: Readonly<Record<ErrorKind, Outcome>> = {
  invalid: factory,
  unauthenticated: gateway(401, notSignedIn),
  forbidden: gateway(403, notAllowed),
  not_found: factory,
  method_not_allowed: gateway(405, noSuchCall),
  not_acceptable: factory,
  conflict: factory,
  precondition_failed: factory,
  too_large: gateway(413, tooLarge),
  unsupported_media_type: factory,
  unsupported: factory,
  corrupt: factory,
  unavailable: gateway(503, defect),
  timeout: gateway(504, defect),
  aborted: gateway(503, defect),
  lease_lost: gateway(500, defect),
  snapshot_lost: gateway(503, defect),
  internal: gateway(500, defect),
};

/** An error as every client of the contract reads it. */
export const ErrorBody = Type.Object(
  {
    error_code: Type.String({ description: 'DLF.nnnn with status 400, APIGW.nnnn with others.' }),
    error_msg: Type.String({ description: 'What is wrong.' }),
    request_id: Type.Optional(Type.String({ description: 'Of the gateway: for its operator.' })),
  },
  { $id: 'Error', description: 'An error.' },
);

export function encodeError(error: AppError, request: { readonly requestId: string }): ApiReply {
  const { status, code } = outcomeOf(error);
  return {
    status,
    headers: { 'Content-Type': 'application/json' },
    body: {
      error_code: code,
      error_msg: textOf(error),
      ...(status === 400 ? {} : { request_id: request.requestId }),
    },
  };
}

function outcomeOf(error: AppError): Outcome {
  if (error instanceof Refusal) return { status: 400, code: error.errorCode };
  if (error.code === 'route-unknown') return gateway(404, noSuchCall);
  // What the role of a known caller does not extend to is the product's to say; everything else was stopped at the door.
  if (error.kind === 'forbidden' && error.context.action !== undefined)
    return { status: 400, code: codes.noPermission };
  return outcomes[error.kind];
}

function textOf(error: AppError): string {
  // The words of a defect may hold anything; the log has them.
  if (error.kind === 'internal' || error.kind === 'lease_lost')
    return 'The request failed because of a defect of the service.';
  const hint = error.hint.replaceAll('/openapi.json', '/dataarts/openapi.json');
  return hint === '' ? error.message : `${error.message} ${hint}`;
}
