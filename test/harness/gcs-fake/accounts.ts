import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import { Refusal } from './answers.ts';

/** What an account may do with objects. */
export type Rights = 'write' | 'read';

/** The service accounts of the fake, and the tokens that they have been given. */
export interface Accounts {
  /** Makes a service account and resolves to its key file. `isForged`: signed with another key than the storage knows. */
  add(name: string, rights: Rights, tokenUrl: string, isForged?: boolean): string;
  /** The answer of the token endpoint to this form: status and JSON. */
  grant(form: URLSearchParams, tokenUrl: string): { status: number; answer: Record<string, unknown> };
  /** A token without the asking. */
  grantTo(rights: Rights): string;
  /** Whom a token belongs to. Throws what the API says to a wrong one. */
  rightsOf(authorization: string): Rights;
  /** All tokens given so far are refused from now on. */
  revoke(): void;
  /** Tokens given so far. */
  readonly granted: number;
}

interface Account {
  readonly key: KeyObject;
  readonly keyId: string;
  readonly rights: Rights;
}

/** Of times in a request for a token. */
const toleranceSeconds = 600;

export function createAccounts(): Accounts {
  const accounts = new Map<string, Account>();
  const tokens = new Map<string, Rights>();
  let granted = 0;
  const grantTo = (rights: Rights): string => {
    const token = randomBytes(24).toString('base64url');
    tokens.set(token, rights);
    granted += 1;
    return token;
  };
  return {
    grantTo,
    get granted() {
      return granted;
    },
    add(name, rights, tokenUrl, isForged = false) {
      const { privateKey, publicKey } = keyPair();
      const email = `${name}@fake.iam.gserviceaccount.com`;
      const keyId = randomBytes(20).toString('hex');
      accounts.set(email, { key: createPublicKey(publicKey), keyId, rights });
      return JSON.stringify({
        type: 'service_account',
        project_id: 'fake',
        private_key_id: keyId,
        private_key: isForged ? keyPair().privateKey : privateKey,
        client_email: email,
        token_uri: tokenUrl,
      });
    },
    grant(form, tokenUrl) {
      const fault = faultOf(form, tokenUrl, accounts);
      if (typeof fault === 'string') {
        return { status: 400, answer: { error: 'invalid_grant', error_description: fault } };
      }
      const token = grantTo(fault.rights);
      return { status: 200, answer: { access_token: token, expires_in: 3599, token_type: 'Bearer' } };
    },
    rightsOf(authorization) {
      const rights = tokens.get(authorization.replace(/^Bearer /, ''));
      if (rights === undefined) throw new Refusal(401, 'authError', 'Invalid Credentials');
      return rights;
    },
    revoke: () => tokens.clear(),
  };
}

const keyPair = (): { readonly privateKey: string; readonly publicKey: string } =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

/** Why the request is refused; the account where it is not. */
function faultOf(
  form: URLSearchParams,
  tokenUrl: string,
  accounts: ReadonlyMap<string, Account>,
): string | Account {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'Wrong grant_type.';
  const [header = '', claims = '', signature = '', ...others] = (form.get('assertion') ?? '').split('.');
  if (others.length > 0) return 'Invalid JWT: more than three parts.';
  const { alg, kid } = jsonOf(header);
  const { iss, aud, scope, iat, exp } = jsonOf(claims);
  const account = accounts.get(String(iss));
  if (account === undefined) return 'Invalid grant: account not found';
  if (alg !== 'RS256' || kid !== account.keyId) return 'Invalid JWT: unknown key or algorithm.';
  if (
    !verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${claims}`),
      account.key,
      Buffer.from(signature, 'base64url'),
    )
  )
    return 'Invalid JWT Signature.';
  if (aud !== tokenUrl) return 'Invalid JWT: wrong audience.';
  if (!String(scope).split(' ').includes('https://www.googleapis.com/auth/devstorage.read_write'))
    return 'Invalid scope.';
  const now = Date.now() / 1000;
  const isTimely = typeof iat === 'number' && Math.abs(now - iat) <= toleranceSeconds;
  const isShort = typeof iat === 'number' && typeof exp === 'number' && exp > iat && exp - iat <= 3600;
  if (!isTimely || !isShort) {
    return 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
  }
  return account;
}

function jsonOf(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}
