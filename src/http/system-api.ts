import Type from 'typebox';
import type { Api, ApiReply, Route } from '../apis/api.ts';
import type { ErrorKind } from '../core/error-catalogue.ts';

const statusOf: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  unsupported: 422,
  corrupt: 422,
  unavailable: 503,
  timeout: 504,
  aborted: 503,
  lease_lost: 503,
  snapshot_lost: 503,
  internal: 500,
};

const Health = Type.Object({ status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]) });

function probe(path: string, summary: string, isWell: () => Promise<boolean>): Route {
  return {
    method: 'GET',
    path,
    operationId: path.slice(1),
    summary,
    tags: ['health'],
    access: 'public',
    responses: {
      200: { description: 'Yes.', schema: Health },
      503: { description: 'No.', schema: Health },
    },
    async handle(): Promise<ApiReply> {
      return (await isWell())
        ? { status: 200, body: { status: 'ok' } }
        : { status: 503, body: { status: 'unavailable' } };
    },
  };
}

/** What belongs to no published API: the health probes, further routes of the kind, and the errors of addresses outside of all prefixes. */
export function createSystemApi(isReady: () => Promise<boolean>, routes: readonly Route[] = []): Api {
  return {
    id: 'system',
    title: 'Health',
    prefix: '',
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    routes: [
      probe('/healthz', 'Whether the process lives', async () => true),
      probe('/readyz', 'Whether the service can take jobs', isReady),
      ...routes,
    ],
    encodeError: (error, request) => ({
      status: statusOf[error.kind],
      body: { code: error.code, message: error.message, hint: error.hint, request_id: request.requestId },
    }),
  };
}
