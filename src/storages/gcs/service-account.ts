import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { invalid } from './address.ts';

/** What a key file of a service account says, as far as it is needed. */
export interface ServiceAccount {
  readonly email: string;
  /** RSA. */
  readonly key: KeyObject;
  readonly keyId: string | null;
  /** Where the account gets its tokens. */
  readonly tokenUrl: URL;
}

const scope = 'https://www.googleapis.com/auth/devstorage.read_write';
const lifeSeconds = 3600;

/** Reads a key file (JSON), as Google hands it out. Throws `location-invalid`, which never quotes it. */
export function serviceAccount(json: string, where: string): ServiceAccount {
  const { type, client_email: email, private_key: pem, private_key_id: keyId, token_uri } = fieldsOf(json);
  if (type !== 'service_account' || typeof email !== 'string' || typeof pem !== 'string') {
    throw invalid(
      `${where} is not the key file of a service account.`,
      'Give the JSON file that Google Cloud makes for a key of a service account, as it is.',
    );
  }
  const tokenUrl = URL.parse(
    typeof token_uri === 'string' ? token_uri : 'https://oauth2.googleapis.com/token',
  );
  if (tokenUrl === null || !/^https?:$/.test(tokenUrl.protocol)) {
    throw invalid(
      `${where} holds a token_uri that is not a URL.`,
      'Give the JSON file as Google Cloud made it.',
    );
  }
  return { email, key: keyOf(pem, where), keyId: typeof keyId === 'string' ? keyId : null, tokenUrl };
}

function fieldsOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function keyOf(pem: string, where: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw invalid(
      `${where} holds a private_key that is not in PEM.`,
      'Give the JSON file as it is: line breaks in the key are written as \\n.',
    );
  }
}

/** A signed request for a token (RFC 7523), good for an hour from `nowMs` on. */
export function assertion({ email, key, keyId, tokenUrl }: ServiceAccount, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === null ? {} : { kid: keyId }) };
  const claims = { iss: email, scope, aud: tokenUrl.href, iat: issuedAt, exp: issuedAt + lifeSeconds };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`;
}
