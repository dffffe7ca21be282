import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { AppError, toAppError } from '../../core/errors.ts';

/** How a server's certificate is judged. */
export interface TrustOptions {
  /** As the URL has it. */
  readonly host: string;
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case; null: it must be signed by somebody whom the system trusts. */
  readonly pin: string | null;
  /** For messages: `ftps://host`. */
  readonly subject: string;
}

/** Reads the option `tls-fingerprint`, as `openssl x509 -fingerprint -sha256` prints it. Throws `location-invalid`. */
export function certificatePin(option: string | undefined): string | null {
  if (option === undefined) return null;
  const pin = option
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(pin)) return pin;
  throw new AppError('location-invalid', {
    message: 'The option tls-fingerprint holds no SHA-256 fingerprint of a certificate.',
    hint: 'Give 64 hexadecimal digits, as openssl x509 -noout -fingerprint -sha256 prints them.',
  });
}

/**
 * Speaks TLS over a connected socket; resolves when the server's certificate has been accepted, or `session` taken up again. Until then no
 * byte may be sent, nor the end: Node would close the connection without TLS's own farewell, which servers take for a cut. Throws
 * `storage-unreachable`.
 * @param keep is given each session that the server offers
 */
export async function secure(
  socket: Socket,
  { host, pin, subject }: TrustOptions,
  session: Buffer | undefined,
  signal: AbortSignal,
  keep: (session: Buffer) => void,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Whatever is said after the first fault.
  promise.catch(() => undefined);
  const broke = (error?: Error): void =>
    reject(
      new AppError('storage-unreachable', {
        message: `${subject}: TLS could not be begun (${error === undefined ? 'the connection was closed' : ((error as NodeJS.ErrnoException).code ?? error.message)}).`,
        cause: error,
      }),
    );
  const name = host.replace(/^\[(.*)\]$/, '$1');
  const secured = connect({
    socket,
    host: name,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(session === undefined ? {} : { session }),
    minVersion: 'TLSv1.2',
    // Judged below, where the error can show what the server shows.
    rejectUnauthorized: false,
  });
  const onClose = (): void => broke();
  const onAbort = (): void => {
    secured.destroy();
    reject(toAppError(signal.reason));
  };
  secured.once('secureConnect', resolve);
  secured.on('session', keep);
  secured.on('error', broke);
  secured.once('close', onClose);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await promise;
    const fault = faultOf(secured, pin, subject);
    if (fault !== null) throw fault;
    return secured;
  } catch (error) {
    secured.destroy();
    throw error;
  } finally {
    secured.off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}

function faultOf(socket: TLSSocket, pin: string | null, subject: string): AppError | null {
  // The server that was accepted when the session was made.
  if (socket.isSessionReused()) return null;
  const shown = socket.getPeerCertificate().fingerprint256 ?? '';
  if (pin !== null) {
    if (shown.replaceAll(':', '').toLowerCase() === pin) return null;
    return new AppError('storage-unreachable', {
      message: `${subject} shows the certificate ${shown}, and another one is pinned.`,
      hint: 'Somebody may have taken the place of the server. Ask its administrator; only when the certificate was changed on purpose, set the option tls-fingerprint to the new one.',
      temporary: false,
    });
  }
  if (socket.authorized) return null;
  return new AppError('storage-unreachable', {
    message: `${subject} shows a certificate that is not trusted (${String(socket.authorizationError)}).`,
    hint: `Compare its SHA-256 fingerprint with the server's own, then set the option tls-fingerprint=${shown}.`,
    temporary: false,
  });
}
