import type { Api } from '../apis/api.ts';
import { AppError } from '../core/errors.ts';
import type { Caller } from '../core/permission.ts';
import type { Service } from '../service/service.ts';

/** What is asked of the service here. */
export type Authenticator = Pick<Service, 'authenticateUser' | 'authenticateToken' | 'authenticateJwt'>;

const refuse = (message: string): AppError => new AppError('unauthenticated', { message });

/**
 * The caller behind an Authorization header: Basic (name and password of a user), Bearer (the token of the data folder), or a word that the
 * API takes tokens of the service after. Throws `unauthenticated`; its message never repeats what was sent.
 */
export async function authenticate(
  service: Authenticator,
  header: string | undefined,
  api: Pick<Api, 'id' | 'tokenSchemes'>,
): Promise<Caller> {
  if (header === undefined || header === '') throw refuse('The request carries no credentials.');
  const match = /^([A-Za-z]+) +(\S+)\s*$/.exec(header);
  const scheme = match?.[1]?.toLowerCase() ?? '';
  const credentials = match?.[2] ?? '';
  const takesTokens = api.tokenSchemes?.some((word) => word.toLowerCase() === scheme) === true;
  // The token of the data folder has no dots.
  const isJwt = credentials.includes('.') || scheme !== 'bearer';
  if (takesTokens && isJwt) return service.authenticateJwt(credentials, api.id);
  if (scheme === 'bearer') return service.authenticateToken(credentials);
  if (scheme !== 'basic') throw refuse(`The Authorization header is none of ${schemesOf(api)}.`);
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) throw refuse('The Basic credentials are not the base64 of name:password.');
  return service.authenticateUser(pair.slice(0, colon), pair.slice(colon + 1));
}

const schemesOf = ({ tokenSchemes = [] }: Pick<Api, 'tokenSchemes'>): string =>
  [...new Set(['Basic', 'Bearer', ...tokenSchemes])].join(', ');
