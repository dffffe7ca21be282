import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** The second recommendation of OWASP for argon2id: 19 MiB, two passes, one lane; about 25 ms. */
const memoryKiB = 19_456;
const passes = 2;
const parallelism = 1;
const saltBytes = 16;
const hashBytes = 32;

/** Version 1.3 of argon2, as PHC strings write it. */
const version = 19;
const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** The argon2id hash of a password as PHC string, with a fresh salt. Runs on the thread pool. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive('argon2id', {
    message: password,
    nonce: salt,
    memory: memoryKiB,
    passes,
    parallelism,
    tagLength: hashBytes,
  });
  return `$argon2id$v=${version}$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Whether the password is the one behind a PHC string; false for a string that is none. Compares in constant time. */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const match = phcPattern.exec(phc);
  if (match === null) return false;
  const [, memory, time, lanes, salt = '', hash = ''] = match;
  const expected = Buffer.from(hash, 'base64');
  const actual = await derive('argon2id', {
    message: password,
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(time),
    parallelism: Number(lanes),
    tagLength: expected.length,
  });
  return timingSafeEqual(actual, expected);
}

/** A well-formed hash that no password has: checking against it costs what checking a real one costs. */
export const unmatchableHash = `$argon2id$v=${version}$m=${memoryKiB},t=${passes},p=${parallelism}$${unpadded(
  randomBytes(saltBytes),
)}$${unpadded(randomBytes(hashBytes))}`;
