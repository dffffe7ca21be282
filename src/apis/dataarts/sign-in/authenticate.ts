import type { Clock } from '../../../base/clock.ts';
import { AppError } from '../../../core/errors.ts';
import type { Caller } from '../../../core/permission.ts';
import type { Service } from '../../../service/service.ts';
import type { ApiRequest } from '../../api.ts';
import { apiId } from '../operation.ts';
import { faultOf, isSignatureOf, isSigned, readAuthorization, type WireRequest } from './signature.ts';

export interface SignInParts {
  readonly service: Pick<Service, 'authenticateJwt' | 'authenticateSignature'>;
  readonly clock: Clock;
}

/** Which way of the contract a request signs in by; null: none. */
export function signInOf({
  authorization,
  'x-auth-token': token,
}: ApiRequest['headers']): 'headers' | 'body' | null {
  if (isSigned(authorization)) return 'body';
  return token === undefined ? null : 'headers';
}

/**
 * The caller behind a token in X-Auth-Token, or behind a signature over the whole request. Null: the request carries neither.
 * Throws `unauthenticated`.
 */
export async function authenticate(
  { service, clock }: SignInParts,
  request: Omit<ApiRequest, 'caller' | 'body'>,
): Promise<Caller | null> {
  const { headers, rawBody = new Uint8Array() } = request;
  const { authorization, 'x-auth-token': token } = headers;
  if (authorization !== undefined && isSigned(authorization)) {
    const by = readAuthorization(authorization);
    if (by === null) {
      throw unauthenticated(
        'The Authorization header is not of the form SDK-HMAC-SHA256 Access=, SignedHeaders=, Signature=.',
      );
    }
    const wire = wireOf(request, rawBody);
    const fault = faultOf(wire, by, clock.now());
    if (fault !== null) throw unauthenticated(fault);
    return service.authenticateSignature(by.accessKey, (secret) => isSignatureOf(wire, by, secret));
  }
  if (token === undefined) return null;
  return service.authenticateJwt(token.trim(), apiId);
}

/** The request as its signer saw it: at the host and below the path of the outside, which a proxy may have changed on the way. */
function wireOf(request: Omit<ApiRequest, 'caller' | 'body'>, body: Uint8Array): WireRequest {
  const { method, url, base, basePath } = request;
  const host = base.slice(base.indexOf('://') + 3, base.length - basePath.length);
  return { method, url: `${basePath}${url}`, headers: { ...request.headers, host }, body };
}

const unauthenticated = (message: string): AppError => new AppError('unauthenticated', { message });
