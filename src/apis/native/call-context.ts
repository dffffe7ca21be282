import { AppError } from '../../core/errors.ts';
import type { CallContext } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';

/** What goes with every call of the service. Throws `unauthenticated` where nobody was asked for credentials. */
export function callContext(request: ApiRequest): CallContext {
  if (request.caller === null) {
    throw new AppError('unauthenticated', { message: 'The request carries no credentials.' });
  }
  return { caller: request.caller, requestId: request.requestId, signal: request.signal };
}
