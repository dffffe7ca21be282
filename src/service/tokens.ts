import { createHmac, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, spell } from './input.ts';
import type { Service } from './service.ts';

const algorithm = 'HS256';
const issuer = 'pumphouse';
const longestSeconds = 86_400;

/**
 * Tokens that stand for a user at one API for a while. Nothing is kept about them: the wallet's key signs and checks them. They hold a
 * digest of the stored password hash, so that another password, or another user of the name, ends them.
 */
export function createTokens({
  registry,
  wallet,
  clock,
}: Pick<ServiceDependencies, 'registry' | 'wallet' | 'clock'>): Pick<
  Service,
  'authenticateJwt' | 'issueToken'
> {
  const signingKey = (): Buffer => wallet.deriveKey('access tokens');
  const digestOf = (key: Buffer, passwordHash: string): Buffer =>
    createHmac('sha256', key).update(`password ${passwordHash}`).digest();

  return {
    async issueToken({ caller }, { api, ttlSeconds }) {
      if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > longestSeconds) {
        throw fieldInvalid(
          'ttl',
          `must be a whole number of seconds from 1 to ${longestSeconds}, not ${spell(ttlSeconds)}`,
          'Leave it out for the default.',
        );
      }
      const user = caller.name === localAdministrator.name ? null : await registry.getUser(caller.name);
      if (user === null) {
        throw new AppError('forbidden', {
          message: 'Tokens stand for users, and the caller is none.',
          hint: 'Ask for the token with the name and password of a user.',
        });
      }
      const key = signingKey();
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({ pwd: digestOf(key, user.passwordHash).toString('base64url') })
        .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(api)
        .setSubject(user.name)
        .setIssuedAt(now)
        .setExpirationTime(now + ttlSeconds)
        .sign(key);
    },

    async authenticateJwt(token, api) {
      const key = signingKey();
      const { sub = '', pwd } = await claimsOf(token, key, api, clock.now());
      const user = await registry.getUser(sub);
      if (user === null || typeof pwd !== 'string') throw wrongToken();
      const given = Buffer.from(pwd, 'base64url');
      const expected = digestOf(key, user.passwordHash);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw wrongToken();
      return { name: user.name, role: user.role, databases: user.databases };
    },
  };
}

async function claimsOf(
  token: string,
  key: Buffer,
  api: string,
  now: number,
): Promise<{ readonly sub?: string; readonly pwd?: unknown }> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      audience: api,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    throw error instanceof errors.JWTExpired ? refused('The token has ended.', error) : wrongToken(error);
  }
}

const wrongToken = (cause?: unknown): AppError =>
  refused('The token is wrong, or not valid any more.', cause);

const refused = (message: string, cause: unknown): AppError =>
  new AppError('unauthenticated', {
    message,
    hint: 'Ask for a new token with the name and password of a user.',
    cause,
  });
