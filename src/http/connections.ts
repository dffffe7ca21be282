import { createServer, type RequestListener, type Server } from 'node:http';
import { constants, createSecureServer, type Http2ServerRequest, type Http2Session } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../config/server-certificate.ts';

/** A request has to arrive whole within this time. */
const requestTimeoutMs = 60_000;
/** Longer than the idle time of common proxies, so that they close first and never write into a closed connection. */
const keepAliveTimeoutMs = 72_000;
/** A connection over TLS has to be one within this time. */
const handshakeTimeoutMs = 20_000;
/** Requests at once of one HTTP/2 client, as many as other servers allow. */
const mostStreams = 100;

/** An answer that its client does not take is given up so long after a session of HTTP/2 fell silent. */
const untakenTimeoutMs = 10 * 60_000;

/** A server that knows which of its connections have a request in work. */
export interface TrackedServer {
  readonly server: Server;
  /** What connections over TLS are shown from now on. */
  setCertificate(certificate: ServerCertificate): void;
  /** Takes no more connections; those that there are stay, also idle ones. */
  stopListening(): void;
  /**
   * Closes connections without a request in work, now and whenever one runs out of work.
   * @param isSpared by the address of the other side: such connections stay for one more request, until this is called without
   */
  closeIdle(isSpared?: (address: string | undefined) => boolean): void;
  closeAll(): void;
}

export interface Protocols {
  /** Then nobody is answered before a certificate was set. */
  readonly overTls: boolean;
  /** Over TLS, with clients that ask for it. */
  readonly http2: boolean;
}

/**
 * Node's own `closeIdleConnections` leaves connections alone that have not sent anything yet, and browsers open
 * such in advance; so connections are counted here. HTTP/2 sessions count their requests themselves, and end with the server.
 */
export function createTrackedServer(
  listener: RequestListener,
  protocols: Protocols,
  { silentMs = keepAliveTimeoutMs, untakenMs = untakenTimeoutMs } = {},
): TrackedServer {
  const { server, tlsServer } = createBareServer(listener, protocols);
  const requestsOf = new Map<Socket, number>();
  /** Those below HTTP/2 sessions: Node closes sessions in good order with the server, and then they wait for their clients. */
  const sessionSockets = new Set<Socket>();
  /** Connections whose handshake is not done, by the port of the other side; what becomes of them are other sockets. */
  const beginning = new Map<string, Socket>();
  /** Whether a connection that runs out of work is closed. */
  let isEnding: (socket: Socket) => boolean = () => false;
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
    tlsServer.on('secureConnection', (socket: TLSSocket) => {
      beginning.delete(nameOf(socket));
      if (socket.alpnProtocol !== 'h2') {
        track(socket);
        return;
      }
      sessionSockets.add(socket);
      socket.once('close', () => sessionSockets.delete(socket));
    });
    tlsServer.on('session', (session: Http2Session) => {
      session.setTimeout(silentMs, () => {
        if (session.closed) return;
        session.close();
        // Closed, it waits for its last answer, and a client need never make room for that.
        const end = setTimeout(() => session.destroy(), untakenMs).unref();
        session.once('close', () => clearTimeout(end));
      });
      if (isClosing) session.close();
    });
  }
  server.prependListener('request', (request, response) => {
    if (request.httpVersionMajor > 1) {
      limitArrival(request as unknown as Http2ServerRequest);
      return;
    }
    const { socket } = request;
    requestsOf.set(socket, (requestsOf.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (requestsOf.get(socket) ?? 1) - 1;
      if (requestsOf.has(socket)) requestsOf.set(socket, left);
      if (left === 0 && isEnding(socket)) socket.destroySoon();
    });
  });

  return {
    server,
    setCertificate({ certificate, key }) {
      tlsServer?.setSecureContext({ cert: certificate, key });
    },
    stopListening() {
      // Not the server's own: that closes idle connections, into which a proxy may be writing just now.
      NetServer.prototype.close.call(server);
    },
    closeIdle(isSpared = () => false) {
      isClosing = true;
      isEnding = (socket) => !isSpared(socket.remoteAddress);
      for (const [socket, requests] of requestsOf)
        if (requests === 0 && isEnding(socket)) socket.destroySoon();
      for (const socket of beginning.values()) socket.destroy();
    },
    closeAll() {
      for (const socket of [...requestsOf.keys(), ...sessionSockets]) socket.destroy();
    },
  };
}

function createBareServer(
  listener: RequestListener,
  { overTls, http2 }: Protocols,
): { readonly server: Server; readonly tlsServer: ReturnType<typeof createTlsServer> | null } {
  const timeouts = { requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs };
  if (!overTls) return { server: createServer(timeouts, listener), tlsServer: null };
  const overTlsToo = { ...timeouts, handshakeTimeout: handshakeTimeoutMs };
  // Fastify's types know one kind of server; requests and answers of HTTP/2 come in the same form (Node's compatibility API).
  const tlsServer = http2
    ? (createSecureServer({
        ...overTlsToo,
        allowHTTP1: true,
        settings: { maxConcurrentStreams: mostStreams, enablePush: false },
      }).on('request', listener as never) as unknown as ReturnType<typeof createTlsServer>)
    : createTlsServer(overTlsToo, listener);
  return { server: tlsServer, tlsServer };
}

/** What Node's `requestTimeout` does for HTTP/1.1. */
function limitArrival({ stream }: Http2ServerRequest): void {
  if (stream.endAfterHeaders) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const stop = (): void => clearTimeout(timer);
  stream.once('end', stop).once('close', stop);
}
