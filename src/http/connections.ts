import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerCertificate } from '../config/server-certificate.ts';

/** A request has to arrive whole within this time. */
const requestTimeoutMs = 60_000;
/** Longer than the idle time of common proxies, so that they close first and never write into a closed connection. */
const keepAliveTimeoutMs = 72_000;
/** A connection over TLS has to be one within this time. */
const handshakeTimeoutMs = 20_000;

/** A server that knows which of its connections have a request in work. */
export interface TrackedServer {
  readonly server: Server;
  /** What connections over TLS are shown from now on. */
  setCertificate(certificate: ServerCertificate): void;
  /** Closes connections without a request in work, now and whenever one runs out of work. */
  closeIdle(): void;
  closeAll(): void;
}

/**
 * Node's own `closeIdleConnections` leaves connections alone that have not sent anything yet, and browsers open
 * such in advance; so connections are counted here.
 * @param overTls then nobody is answered before a certificate was set
 */
export function createTrackedServer(listener: RequestListener, overTls: boolean): TrackedServer {
  const timeouts = { requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs };
  const tlsServer = overTls
    ? createTlsServer({ ...timeouts, handshakeTimeout: handshakeTimeoutMs }, listener)
    : null;
  const server = tlsServer ?? createServer(timeouts, listener);
  const requestsOf = new Map<Socket, number>();
  /** Connections whose handshake is not done, by the port of the other side; what becomes of them are other sockets. */
  const beginning = new Map<string, Socket>();
  let isClosing = false;

  const track = (socket: Socket): void => {
    requestsOf.set(socket, 0);
    socket.once('close', () => requestsOf.delete(socket));
  };
  if (tlsServer === null) {
    server.on('connection', track);
  } else {
    const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
    tlsServer.on('connection', (socket: Socket) => {
      const name = nameOf(socket);
      beginning.set(name, socket);
      socket.once('close', () => {
        if (beginning.get(name) === socket) beginning.delete(name);
      });
    });
    tlsServer.on('secureConnection', (socket) => {
      beginning.delete(nameOf(socket));
      track(socket);
    });
  }
  server.prependListener('request', ({ socket }, response) => {
    requestsOf.set(socket, (requestsOf.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (requestsOf.get(socket) ?? 1) - 1;
      if (requestsOf.has(socket)) requestsOf.set(socket, left);
      if (isClosing && left === 0) socket.destroySoon();
    });
  });

  return {
    server,
    setCertificate({ certificate, key }) {
      tlsServer?.setSecureContext({ cert: certificate, key });
    },
    closeIdle() {
      isClosing = true;
      for (const [socket, requests] of requestsOf) if (requests === 0) socket.destroySoon();
      for (const socket of beginning.values()) socket.destroy();
    },
    closeAll() {
      for (const socket of requestsOf.keys()) socket.destroy();
    },
  };
}
