import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import type { StorageCredential } from '../../storage.ts';
import type { Authorise } from '../../web/client.ts';

const contentType = 'application/json';

/**
 * Oracle's request signature, version 1: RSA-SHA256 over date, request target and host, and over the content where there is some; objects and
 * parts of them go without their content being signed. Throws `location-invalid` for an id or a key of another shape.
 */
export function ociAuthorise({ name, id, secret }: StorageCredential, now = () => new Date()): Authorise {
  const keyId = id ?? '';
  if (!/^ocid1\.tenancy\.[\w.-]+\/ocid1\.user\.[\w.-]+\/[0-9a-f]{2}(:[0-9a-f]{2}){15}$/i.test(keyId)) {
    throw new AppError('location-invalid', {
      message: `The id of the credential ${name} is not tenancy/user/fingerprint, which its kind oci asks for.`,
      hint: 'Give --id ocid1.tenancy.…/ocid1.user.…/20:3b:…, as the configuration file of the OCI tools has them.',
    });
  }
  let key: KeyObject | undefined;
  return ({ method, url, headers, body }) => {
    key ??= privateKeyOf(name, secret?.reveal() ?? '');
    const signed: Record<string, string> = {
      date: now().toUTCString(),
      '(request-target)': `${method.toLowerCase()} ${url.pathname}${url.search}`,
      host: url.host,
    };
    if (method === 'POST') {
      const content = body instanceof Uint8Array ? body : Buffer.alloc(0);
      signed['content-length'] = String(content.length);
      signed['content-type'] = String(headers['content-type'] ?? contentType);
      signed['x-content-sha256'] = createHash('sha256').update(content).digest('base64');
    }
    const lines = Object.entries(signed).map(([header, value]) => `${header}: ${value}`);
    const signature = sign('sha256', Buffer.from(lines.join('\n')), key).toString('base64');
    const { '(request-target)': _, host: __, ...sent } = signed;
    return {
      ...sent,
      authorization: `Signature version="1",keyId="${keyId}",algorithm="rsa-sha256",headers="${Object.keys(signed).join(' ')}",signature="${signature}"`,
    };
  };
}

function privateKeyOf(name: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The words of the library say nothing that helps.
  }
  throw new AppError('location-invalid', {
    message: `The secret of the credential ${name} is no RSA private key in PEM without a pass phrase, which its kind oci asks for.`,
    hint: 'Add the credential again with --secret-file and the API signing key.',
  });
}
