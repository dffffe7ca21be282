import { createHmac } from 'node:crypto';
import type { Secret } from '../base/secret.ts';

/** The secret as receivers' libraries take it: `whsec_` and the key in base64; any other text is the key itself. */
const encodedKey = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/**
 * The value of `webhook-signature` as the Standard Webhooks say: HMAC-SHA256 over id, time (seconds since the epoch) and body, so that neither can be
 * changed and an old call cannot be sent again later.
 */
export function signWebhook(secret: Secret, id: string, seconds: number, body: string): string {
  const text = secret.reveal();
  const encoded = encodedKey.exec(text)?.[1];
  const key = encoded === undefined ? Buffer.from(text, 'utf8') : Buffer.from(encoded, 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}
