import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { AppError } from '../../../core/errors.ts';
import type { PostgresTarget } from '../database-url.ts';
import { sslRequest } from './messages.ts';

/** Probes of an idle connection begin after this time; a peer that is gone without a word is noticed by them. */
const keepAliveAfterMs = 30_000;

/** Size of the buffer that a socket reads into, again and again. */
const readBytes = 256 * 1024;

/**
 * The event of a socket that hands over what it read: a Buffer that is lent for the call. Without a listener, and on TLS sockets always,
 * the bytes come by `data`, in memory of their own.
 */
export const lentBytes = 'lent-bytes';

/**
 * A socket to the server, TLS agreed on as the target asks, before the first packet of the protocol. Rejects with the
 * error of the network or of TLS; when `signal` aborts, with its reason, at once. Nothing stays open then.
 */
export async function openTransport(target: PostgresTarget, signal: AbortSignal): Promise<net.Socket> {
  signal.throwIfAborted();
  // Memory for each piece that is read would be 64 KB, and keep the garbage collector busy.
  const onread: net.OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback(length, buffer) {
      const lent = Buffer.from(buffer.buffer, buffer.byteOffset, length);
      if (!socket.emit(lentBytes, lent)) socket.emit('data', Buffer.from(lent));
      return true;
    },
  };
  const socket = target.host.startsWith('/')
    ? net.connect({ path: `${target.host}/.s.PGSQL.${target.port}`, onread })
    : net.connect({ host: target.host, port: target.port, onread });
  socket.setNoDelay(true).setKeepAlive(true, keepAliveAfterMs);
  // A listener for good: an error after the hand-over must not end the process; whoever reads learns it by 'close'.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal });
    if (target.sslMode === 'disable') return socket;
    return await secure(socket, target, signal);
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

async function secure(socket: net.Socket, target: PostgresTarget, signal: AbortSignal): Promise<net.Socket> {
  socket.write(sslRequest);
  const [answer] = (await Promise.race([
    once(socket, 'data', { signal }),
    once(socket, 'close', { signal }).then(() => Promise.reject(closedEarly())),
  ])) as [Buffer];
  socket.pause();
  if (answer.length !== 1) throw closedEarly();
  if (answer[0] !== 0x53) {
    if (target.sslMode === 'prefer') return socket;
    throw new AppError('database-unreachable', {
      message: `The database server does not speak TLS, but sslmode is ${target.sslMode}.`,
      hint: 'Turn TLS on in the server, or set sslmode=disable in the database URL.',
      field: 'url',
      operation: 'connect',
      temporary: false,
    });
  }
  const secured = tls.connect({ socket, ...(await tlsOptions(target)) });
  secured.on('error', () => undefined);
  try {
    await once(secured, 'secureConnect', { signal });
  } catch (error) {
    secured.destroy();
    throw error;
  }
  return secured;
}

const closedEarly = (): Error =>
  Object.assign(new Error('The server closed the connection during the start.'), { code: 'ECONNRESET' });

/** As libpq: only verify-ca and verify-full check anything, and `require` does when a root certificate is named. */
async function tlsOptions(target: PostgresTarget): Promise<tls.ConnectionOptions> {
  const named = target.sslRootCertificate;
  const ca = named === null || named === 'system' ? undefined : await readCertificates(named);
  const verifies = target.sslMode.startsWith('verify-') || (target.sslMode === 'require' && named !== null);
  const isName = net.isIP(target.host) === 0 && !target.host.startsWith('/');
  return {
    host: target.host,
    ...(ca === undefined ? {} : { ca }),
    ...(isName ? { servername: target.host } : {}),
    rejectUnauthorized: verifies,
    ...(target.sslMode === 'verify-full' || named === 'system'
      ? {}
      : { checkServerIdentity: () => undefined }),
  };
}

async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('url-invalid', {
      message: `The sslrootcert file ${JSON.stringify(file)} of the database URL cannot be read.`,
      hint: 'Name a readable PEM file, or sslrootcert=system.',
      field: 'url',
      operation: 'connect',
      cause: error,
    });
  }
}
