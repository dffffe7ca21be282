import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';

/** A key's fingerprint as `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. `key` is the key in SSH's wire format. */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;

/** Reads the option `host-key`: fingerprints with commas between them. Throws `location-invalid`. */
export function pinnedKeys(option: string | undefined): readonly string[] {
  if (option === undefined) return [];
  // The query of a URL turns each + of base64 into a space.
  const pins = option.split(',').map((pin) => pin.trim().replaceAll(' ', '+').replace(/=+$/, ''));
  for (const pin of pins) {
    if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(pin)) continue;
    throw new AppError('location-invalid', {
      message: 'The option host-key holds something that is no fingerprint of a host key.',
      hint: 'Give SHA256: and 43 characters, as ssh-keygen -l prints them; several with commas between them.',
    });
  }
  return pins;
}

/** Null when the server may be trusted; else the error that says which key it shows. Pure. */
export function hostKeyFault(key: Buffer, pins: readonly string[], subject: string): AppError | null {
  const shown = fingerprintOf(key);
  if (pins.includes(shown)) return null;
  const kind = key.toString('latin1', 4, 4 + key.readUInt32BE(0));
  const context = { shown, pinned: pins.join(',') };
  if (pins.length === 0) {
    return new AppError('host-key-changed', {
      message: `${subject} shows the ${kind} host key ${shown}, and the credential pins none.`,
      hint: `Compare it with the server's own (ssh-keygen -lf on the server), then set the option host-key=${shown} of the credential.`,
      context,
    });
  }
  return new AppError('host-key-changed', {
    message: `${subject} shows the ${kind} host key ${shown}, but ${pins.join(' or ')} is pinned.`,
    hint: 'Somebody may have taken the place of the server. Ask its administrator; only when the key was changed on purpose, set the option host-key to the new one.',
    context,
  });
}
