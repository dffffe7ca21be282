import { randomBytes } from 'node:crypto';

/** Crockford's alphabet in small letters: no i, l, o, u; safe in URLs, file names and on command lines. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new opaque id: 20 characters, 100 random bits. */
export function newId(): string {
  let id = '';
  for (const byte of randomBytes(20)) id += alphabet[byte & 31];
  return id;
}
