import type { FastifyRequest } from 'fastify';

const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Outside base of the URL, without trailing slash: scheme and host as the caller sees them. Fastify reads X-Forwarded-*
 * only from the proxies that it was told to trust. A missing or malformed Host falls back to the address of the socket.
 */
export function originOf(request: FastifyRequest): string {
  const host = request.host;
  if (hostPattern.test(host)) return `${request.protocol}://${host}`;
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return `${request.protocol}://${address}:${localPort}`;
}
