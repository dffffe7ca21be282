import { AppError } from '../core/errors.ts';
import type { Caller } from '../core/permission.ts';
import type { Service } from '../service/service.ts';

/** What is asked of the service here. */
export type Authenticator = Pick<Service, 'authenticateUser' | 'authenticateToken'>;

const refuse = (message: string): AppError => new AppError('unauthenticated', { message });

/**
 * The caller behind an Authorization header: Basic (name and password of a user) or Bearer (the token of the data folder).
 * Throws `unauthenticated`; its message never repeats what was sent.
 */
export async function authenticate(service: Authenticator, header: string | undefined): Promise<Caller> {
  if (header === undefined || header === '') throw refuse('The request carries no credentials.');
  const match = /^([A-Za-z]+) +(\S+)\s*$/.exec(header);
  const scheme = match?.[1]?.toLowerCase();
  const credentials = match?.[2] ?? '';
  if (scheme === 'bearer') return service.authenticateToken(credentials);
  if (scheme !== 'basic') throw refuse('The Authorization header is neither Basic nor Bearer.');
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) throw refuse('The Basic credentials are not the base64 of name:password.');
  return service.authenticateUser(pair.slice(0, colon), pair.slice(colon + 1));
}
