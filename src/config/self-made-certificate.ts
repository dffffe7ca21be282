import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { replaceFile } from '../base/atomic-file.ts';
import { AppError } from '../core/errors.ts';
import type { ServerCertificate } from './server-certificate.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Clients that keep it pinned should seldom have to look; more than this some refuse. */
const validDays = 825;
/** It is made anew when it would end sooner. */
const leastDaysLeft = 30;

/**
 * The certificate that is kept in `path`, key and certificate in one file, which is for its owner alone. It is made when there is none, and
 * anew before it ends: for localhost, the name and the addresses of this machine, and `host`.
 */
export async function selfMadeCertificate(
  path: string,
  host: string,
  now = Date.now(),
): Promise<ServerCertificate> {
  const kept = await readKept(path);
  if (
    kept !== null &&
    Date.parse(new X509Certificate(kept.certificate).validTo) - now > leastDaysLeft * dayMs
  )
    return kept;
  const made = await make(host, now);
  try {
    await replaceFile(path, `${made.key}${made.certificate}`, 0o600);
  } catch (error) {
    throw new AppError('data-folder-unwritable', {
      message: `The certificate ${path} cannot be written: ${(error as Error).message}.`,
      cause: error,
    });
  }
  return made;
}

const keptPattern =
  /^(-----BEGIN PRIVATE KEY-----.*-----END PRIVATE KEY-----\n)(-----BEGIN CERTIFICATE-----.*)$/s;

/** Null: there is none, or nothing that could be used. */
async function readKept(path: string): Promise<ServerCertificate | null> {
  try {
    const [, key = '', certificate = ''] = keptPattern.exec(await readFile(path, 'utf8')) ?? [];
    const isPair = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return isPair ? { key, certificate } : null;
  } catch {
    return null;
  }
}

async function make(host: string, now: number): Promise<ServerCertificate> {
  // It is needed once in two years.
  const { generate } = await import('selfsigned');
  const name = hostname();
  const names = [...new Set(['localhost', name, host])].filter((each) => isIP(each) === 0 && each !== '');
  const made = await generate(
    [
      // Of two certificates of one name and another key some clients think that one of them is forged.
      { name: 'commonName', value: `Pumphouse ${randomBytes(4).toString('hex')}` },
    ],
    {
      keyType: 'ec',
      algorithm: 'sha256',
      notBeforeDate: new Date(now - dayMs),
      notAfterDate: new Date(now + (validDays - 1) * dayMs),
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            ...names.map((value) => ({ type: 2, value }) as const),
            ...addresses(host).map((ip) => ({ type: 7, ip }) as const),
          ],
        },
      ],
    },
  );
  return { key: withNewline(made.private), certificate: withNewline(made.cert) };
}

/** Of this machine, as they can be written in a certificate, and `host` where it is one. */
function addresses(host: string): readonly string[] {
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80:'));
  const given = isIP(host) === 0 || host === '0.0.0.0' || host === '::' ? [] : [host];
  return [...new Set(['127.0.0.1', '::1', ...given, ...own])];
}

const withNewline = (pem: string): string => `${pem.replaceAll('\r\n', '\n').trimEnd()}\n`;
