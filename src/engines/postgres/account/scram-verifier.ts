import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '../../../core/errors.ts';

const derive = promisify(pbkdf2);

/** As the server's own (scram_iterations). */
const iterations = 4096;
const saltBytes = 16;
const keyBytes = 32;

/**
 * What a server keeps of a password (RFC 5803), so that it takes it for the password of a role: sent in place of the password, which then is in no log and no
 * list of statements there. Throws `field-invalid` for a password that is not of printable ASCII characters, where clients may disagree about what it is.
 */
export async function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(saltBytes),
): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new AppError('field-invalid', {
      field: 'user_password',
      message: 'The password of the user holds characters that are not printable ASCII.',
      hint: 'Use letters, digits and punctuation of ASCII, or leave it out to have one made.',
    });
  }
  const salted = await derive(password, salt, iterations, keyBytes, 'sha256');
  const keyOf = (word: string): Buffer => createHmac('sha256', salted).update(word).digest();
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  const serverKey = keyOf('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
