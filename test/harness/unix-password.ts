import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** What /etc/shadow and the like hold for a password: crypt(3) with SHA-512. By perl, which every Debian has. */
export function hashedPassword(password: string): string {
  const salt = randomBytes(6).toString('hex');
  return execFileSync('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', password, `$6$${salt}$`], {
    encoding: 'utf8',
  });
}
