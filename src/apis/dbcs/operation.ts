import { isJson } from '../../base/media-type.ts';
import { AppError } from '../../core/errors.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import { deploymentUrl, type JobWord, jobUrl } from './address.ts';
import { commonHeaders, pollSeconds } from './headers.ts';

/** What the operations work with. */
export interface OperationParts {
  readonly service: Service;
  /** The only one that there is; null: every name is taken for one. */
  readonly identityDomain: string | null;
}

/** A call of the contract, with what its address names. */
export interface Call {
  readonly context: CallContext;
  /** Identity domain. */
  readonly domain: string;
  /** Name of the registered database; '' where the address names none. */
  readonly deployment: string;
  readonly params: ApiRequest['params'];
  readonly body: unknown;
  readonly base: string;
}

/** One operation of the contract. */
export interface Operation extends Omit<Route, 'handle' | 'admit' | 'access' | 'query'> {
  handle(call: Call): Promise<ApiReply>;
}

/**
 * The route of an operation. Who asks, in which domain, of what media type and about which deployment is looked at before the body is read:
 * 401, 403, 404, 415 and only then 400.
 */
export function routeOf(operation: Operation, parts: OperationParts): Route {
  return {
    ...operation,
    access: 'authenticated',
    async admit(request) {
      checkDomain(parts, request);
      checkMediaType(request);
      const { serviceId } = request.params;
      if (serviceId !== undefined) await parts.service.getDatabase(callContext(request), serviceId);
    },
    async handle(request) {
      const { identityDomainId: domain = '', serviceId: deployment = '' } = request.params;
      const { params, body, base } = request;
      const answer = await operation.handle({
        context: callContext(request),
        domain,
        deployment,
        params,
        body,
        base,
      });
      return { ...answer, headers: { ...commonHeaders(request.requestId), ...answer.headers } };
    },
  };
}

/** 202: the job is polled at `Location`, which names no deployment. */
export const accepted = (
  { base, domain, deployment }: Call,
  word: JobWord,
  job: { readonly seq: number },
): ApiReply => ({
  status: 202,
  headers: {
    'content-type': 'application/json',
    location: jobUrl(base, domain, word, job.seq),
    'retry-after': String(pollSeconds),
    'service-uri': deploymentUrl(base, domain, deployment),
  },
});

function callContext(request: Omit<ApiRequest, 'body'>): CallContext {
  if (request.caller === null) {
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }
  return { caller: request.caller, requestId: request.requestId, signal: request.signal };
}

/** The domain of the path stands in a header too. */
function checkDomain({ identityDomain }: OperationParts, request: Omit<ApiRequest, 'body'>): void {
  const { identityDomainId: domain = '' } = request.params;
  const tenant = request.headers['x-id-tenant-name'];
  if (tenant === undefined || tenant === '') {
    throw new AppError('unauthenticated', {
      message: 'The header X-ID-TENANT-NAME is missing.',
      hint: 'Send the identity domain in it.',
    });
  }
  if (tenant !== domain) {
    throw new AppError('forbidden', {
      message: 'The header X-ID-TENANT-NAME names another identity domain than the address.',
      hint: '',
    });
  }
  if (identityDomain === null || domain === identityDomain) return;
  throw new AppError('route-unknown', {
    message: `There is no identity domain ${JSON.stringify(domain)}.`,
    hint: '',
  });
}

/** Also where no body follows: the contract refuses the header. */
function checkMediaType({ method, headers }: Omit<ApiRequest, 'body'>): void {
  const type = headers['content-type'];
  if (method !== 'POST' || type === undefined || isJson(type)) return;
  throw new AppError('media-type-unsupported', {
    message: 'The Content-Type of the request is not application/json.',
    hint: '',
  });
}
