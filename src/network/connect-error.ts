import { AppError } from '../core/errors.ts';

interface Reason {
  readonly words: string;
  /** A wrong name stays wrong, and so does a certificate. */
  readonly lasts?: true;
  readonly hint?: string;
}

const certificate =
  'Name the certificate of the authority that signed it (NODE_EXTRA_CA_CERTS=FILE), or correct the host name.';
const untrusted = (words: string): Reason => ({
  words: `its certificate ${words}`,
  lasts: true,
  hint: certificate,
});

/** By `code` of the errors of the system and of TLS. */
const reasons: Readonly<Record<string, Reason>> = {
  ENOTFOUND: { words: 'the host name is unknown', lasts: true },
  EAI_AGAIN: { words: 'the host name cannot be looked up now' },
  ECONNREFUSED: { words: 'the connection is refused' },
  ECONNRESET: { words: 'the connection was reset' },
  EPIPE: { words: 'the connection was closed' },
  ETIMEDOUT: { words: 'nobody answers' },
  EHOSTUNREACH: { words: 'there is no route to the host' },
  ENETUNREACH: { words: 'there is no route to the network' },
  CERT_HAS_EXPIRED: untrusted('has expired'),
  CERT_NOT_YET_VALID: untrusted('is not valid yet'),
  CERT_REVOKED: untrusted('has been revoked'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted('is signed by itself'),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted('is signed by an authority that is not trusted'),
  UNABLE_TO_GET_ISSUER_CERT: untrusted('is signed by an authority that is not trusted'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted('is signed by an authority that is not trusted'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted('is signed by an authority that is not trusted'),
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted('is for another host name'),
  ERR_SSL_WRONG_VERSION_NUMBER: { words: 'it does not speak TLS there', lasts: true },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: { words: 'it does not speak TLS there', lasts: true },
  ERR_SSL_UNSUPPORTED_PROTOCOL: { words: 'it speaks no version of TLS that is safe', lasts: true },
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: { words: 'it speaks no version of TLS that is safe', lasts: true },
};

/**
 * What a failed or broken connection means: `storage-unreachable`, temporary unless time alone cannot mend it. An AppError stays what it is: the
 * refusals of the policy come this way. Pure.
 */
export function connectError(error: Error, host: string, port: number | string): AppError {
  if (error instanceof AppError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? error.message;
  const { words, lasts = false, hint } = reasons[code] ?? reasonOf(code);
  return new AppError('storage-unreachable', {
    message: `${host}:${port} cannot be reached: ${words}.`,
    temporary: !lasts,
    context: { code },
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

function reasonOf(code: string): Reason {
  // A head that was cut in the middle looks like this too.
  if (code === 'HPE_INVALID_EOF_STATE') return { words: 'the connection was closed' };
  if (code.startsWith('HPE_')) return { words: `it does not speak HTTP there (${code})`, lasts: true };
  return { words: code };
}
