import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { selfMadeCertificate } from './self-made-certificate.ts';

/** What a server over TLS shows and proves; both PEM. */
export interface ServerCertificate {
  /** With those that lead to its root behind it. */
  readonly certificate: string;
  readonly key: string;
}

/**
 * Gives the certificate as it is now: given files are read again each time, the self-made one is made anew before it ends.
 * Throws `option-invalid` for files that cannot be used, `data-folder-unwritable`.
 */
export type CertificateSource = () => Promise<ServerCertificate>;

/**
 * @param given files of the options tls-certificate and tls-key
 * @param ownFile where the self-made one is kept when no files are given
 * @param host what the service listens on
 */
export function certificateSource(
  given: { readonly certificate: string | null; readonly key: string | null },
  ownFile: string,
  host: string,
): CertificateSource {
  const { certificate, key } = given;
  return async () => {
    if (certificate === null && key === null) return selfMadeCertificate(ownFile, host);
    if (certificate === null || key === null) {
      const missing = certificate === null ? 'tls-certificate' : 'tls-key';
      throw invalid(missing, `The option ${missing} is missing: certificate and key are given together.`);
    }
    const pair = { certificate: await read('tls-certificate', certificate), key: await read('tls-key', key) };
    check(pair, certificate, key);
    return pair;
  };
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw invalid(option, `The file ${path} cannot be read: ${(error as Error).message}.`, error);
  }
}

function check(pair: ServerCertificate, certificatePath: string, keyPath: string): void {
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(pair.certificate);
  } catch (error) {
    throw invalid('tls-certificate', `The file ${certificatePath} holds no certificate in PEM.`, error);
  }
  try {
    key = createPrivateKey(pair.key);
  } catch (error) {
    throw invalid('tls-key', `The file ${keyPath} holds no private key in PEM without a passphrase.`, error);
  }
  if (!certificate.checkPrivateKey(key)) {
    throw invalid(
      'tls-key',
      `The key in ${keyPath} is not the one of the certificate in ${certificatePath}.`,
    );
  }
}

const invalid = (field: string, message: string, cause?: unknown): AppError =>
  new AppError('option-invalid', {
    field,
    message,
    hint: 'Name two PEM files that belong together, or leave tls-certificate and tls-key out for a self-made certificate.',
    cause,
  });
