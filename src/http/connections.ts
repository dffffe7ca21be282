import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';

/** A request has to arrive whole within this time. */
const requestTimeoutMs = 60_000;
/** Longer than the idle time of common proxies, so that they close first and never write into a closed connection. */
const keepAliveTimeoutMs = 72_000;

/** A server that knows which of its connections have a request in work. */
export interface TrackedServer {
  readonly server: Server;
  /** Closes connections without a request in work, now and whenever one runs out of work. */
  closeIdle(): void;
  closeAll(): void;
}

/**
 * Node's own `closeIdleConnections` leaves connections alone that have not sent anything yet, and browsers open
 * such in advance; so connections are counted here.
 */
export function createTrackedServer(listener: RequestListener): TrackedServer {
  const server = createServer(
    { requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs },
    listener,
  );
  const requestsOf = new Map<Socket, number>();
  let isClosing = false;

  server.on('connection', (socket: Socket) => {
    requestsOf.set(socket, 0);
    socket.once('close', () => requestsOf.delete(socket));
  });
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
    closeIdle() {
      isClosing = true;
      for (const [socket, requests] of requestsOf) if (requests === 0) socket.destroySoon();
    },
    closeAll() {
      for (const socket of requestsOf.keys()) socket.destroy();
    },
  };
}
