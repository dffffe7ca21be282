import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { unmatchableHash, verifyPassword } from '../base/password.ts';
import { createSerial } from '../base/serial.ts';
import { AppError } from '../core/errors.ts';
import { type Caller, localAdministrator } from '../core/permission.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { Service } from './service.ts';

/** How long a password that was right is believed without deriving its hash again. */
const believedMs = 60_000;
/** Most pairs kept; the one used longest ago makes room. */
const mostBelieved = 1000;

interface Believed {
  /** The stored hash that the password matched: a new password or a new user of that name has another. */
  readonly passwordHash: string;
  readonly until: number;
}

/**
 * Checks credentials. Deriving an argon2id hash takes tens of milliseconds on purpose, so a pair that was right is remembered for a short
 * while, under a keyed digest that means nothing outside this process. Wrong ones are derived every time.
 */
export function createAuthentication({
  registry,
  clock,
  localToken,
}: Pick<ServiceDependencies, 'registry' | 'clock' | 'localToken'>): Pick<
  Service,
  'authenticateUser' | 'authenticateToken'
> {
  const key = randomBytes(32);
  const believed = new Map<string, Believed>();
  const running = new Map<string, Promise<boolean>>();
  // One derivation at a time: a flood of wrong passwords must not take the thread pool away from running jobs.
  const inTurn = createSerial();
  const tokenDigest = localToken === null ? null : digest(localToken.reveal());

  const refused = (): AppError =>
    new AppError('unauthenticated', { message: 'The user name or password is wrong.' });

  /** A burst of equal pairs is derived once. */
  function verify(pair: string, password: string, passwordHash: string): Promise<boolean> {
    const id = `${pair} ${passwordHash}`;
    let result = running.get(id);
    if (result === undefined) {
      result = inTurn(() => verifyPassword(password, passwordHash)).finally(() => running.delete(id));
      running.set(id, result);
    }
    return result;
  }

  function believe(pair: string, passwordHash: string): void {
    believed.delete(pair);
    believed.set(pair, { passwordHash, until: clock.now() + believedMs });
    const oldest = believed.keys().next();
    if (believed.size > mostBelieved && oldest.done !== true) believed.delete(oldest.value);
  }

  return {
    async authenticateUser(name, password): Promise<Caller> {
      const user = await registry.getUser(name);
      const pair = createHmac('sha256', key).update(`${name}\0${password}`).digest('base64');
      const known = believed.get(pair);
      const isBelieved =
        user !== null &&
        known !== undefined &&
        known.passwordHash === user.passwordHash &&
        clock.now() < known.until;
      if (!isBelieved) {
        // An unknown name costs as much as a wrong password, so that time does not tell which names exist.
        const isRight = await verify(pair, password, user?.passwordHash ?? unmatchableHash);
        if (user === null || !isRight) throw refused();
        believe(pair, user.passwordHash);
      }
      return { name: user.name, role: user.role, databases: user.databases };
    },

    async authenticateToken(token): Promise<Caller> {
      if (tokenDigest === null || !timingSafeEqual(tokenDigest, digest(token))) {
        throw new AppError('unauthenticated', {
          message: 'The token is wrong.',
          hint: 'Use the token in service.json of the data folder, or the name and password of a user.',
        });
      }
      return localAdministrator;
    },
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
