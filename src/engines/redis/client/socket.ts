import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import { AppError } from '../../../core/errors.ts';
import type { RedisTarget, TlsFiles } from '../database-url.ts';
import { type Address, isUnixSocket } from './address.ts';

/** Probes of an idle connection begin after this time; a peer that is gone without a word is noticed by them. */
const keepAliveAfterMs = 30_000;

/** Size of the buffer that a socket reads into, again and again. */
const readBytes = 256 * 1024;

/** The event by which a socket without TLS hands over what it read: a Buffer that is lent for the call. */
const lentBytes = 'lent-bytes';

/**
 * A socket to a server, TLS agreed on as the target asks, without a word of the protocol yet, not read from. Rejects with the error of the
 * network or of TLS; when `signal` aborts, with its reason, at once. Nothing stays open then.
 */
export async function openSocket(
  target: Pick<RedisTarget, 'tls'>,
  address: Address,
  signal: AbortSignal,
): Promise<net.Socket> {
  signal.throwIfAborted();
  const options = target.tls === null ? null : await tlsOptions(target.tls, address.host);
  signal.throwIfAborted();
  const socket = options === null ? plainSocket(address) : tls.connect({ ...options, ...address });
  socket.setNoDelay(true).setKeepAlive(true, keepAliveAfterMs);
  // A listener for good: an error after the hand-over must not end the process; whoever reads learns it by 'close'.
  socket.on('error', () => undefined);
  try {
    await once(socket, options === null ? 'connect' : 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/** Has `receive` called with all that comes from now on; the bytes are lent for the call. The result ends it and stops reading. */
export function receiveBytes(socket: net.Socket, receive: (chunk: Buffer) => void): () => void {
  socket.on('data', receive);
  socket.on(lentBytes, receive);
  socket.resume();
  return () => {
    socket.pause();
    socket.off('data', receive);
    socket.off(lentBytes, receive);
  };
}

/** Memory for each piece that is read would be 64 KB, and keep the garbage collector busy. */
function plainSocket(address: Address): net.Socket {
  const onread: net.OnReadOpts = {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback(length, buffer) {
      const lent = Buffer.from(buffer.buffer, buffer.byteOffset, length);
      // Nobody listens for a moment between two readers.
      if (!socket.emit(lentBytes, lent)) socket.unshift(Buffer.from(lent));
      return true;
    },
  };
  const socket: net.Socket = isUnixSocket(address)
    ? net.connect({ path: address.host, onread })
    : net.connect({ ...address, onread });
  return socket;
}

async function tlsOptions(files: TlsFiles, host: string): Promise<tls.ConnectionOptions> {
  const ca = await readPem(files.ca, 'tls_ca');
  const cert = await readPem(files.certificate, 'tls_cert');
  const key = await readPem(files.key, 'tls_key');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: files.verify !== 'none',
    ...(files.verify === 'full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

async function readPem(file: string | null, name: string): Promise<string | undefined> {
  if (file === null) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('url-invalid', {
      message: `The ${name} file ${JSON.stringify(file)} of the database URL cannot be read.`,
      hint: 'Name a PEM file that the service may read.',
      field: 'url',
      operation: 'connect',
      cause: error,
    });
  }
}
