import type { FastifyRequest } from 'fastify';
import type { HeaderCheck } from '../config/option-types.ts';
import { isHost, readForwarded } from './forwarded.ts';
import type { IsTrusted } from './trusted-proxies.ts';

/** Where a caller sees the service: what every URL in an answer begins with. */
export interface Outside {
  /** `https://pump.example.net/dumps`: scheme, host and the prefix of a proxy, without a slash at its end. */
  readonly base: string;
  /** The prefix alone: `/dumps`; empty where the service is at the root of its host. */
  readonly basePath: string;
}

export interface OutsideOptions {
  readonly isTrusted: IsTrusted;
  /** Whether any proxy is named; without, whoever sends it may say by `httpsHeaderCheck` that the request came over HTTPS. */
  readonly namesProxies: boolean;
  /** The header that says that a request came over HTTPS although it comes here without; null: none does. */
  readonly httpsHeaderCheck: HeaderCheck | null;
}

/**
 * The one place that decides what URLs in answers begin with: the Host of the request, and what proxies that are trusted say. Nothing is allowed
 * or refused by it. A Host that is missing or malformed gives way to the address of the socket.
 */
export function createOutside(options: OutsideOptions): (request: FastifyRequest) => Outside {
  const { isTrusted, namesProxies, httpsHeaderCheck } = options;
  return (request) => {
    const { headers, socket } = request.raw;
    const isFromProxy = isTrusted(socket.remoteAddress);
    const forwarded = isFromProxy ? readForwarded(headers) : {};
    const isOverTls = 'encrypted' in socket && socket.encrypted === true;
    const isSaidToBe =
      (isFromProxy || !namesProxies) && httpsHeaderCheck !== null && hasHeader(headers, httpsHeaderCheck);
    const scheme = isSaidToBe ? 'https' : (forwarded.scheme ?? (isOverTls ? 'https' : 'http'));
    const basePath = forwarded.prefix ?? '';
    return { base: `${scheme}://${forwarded.host ?? hostOf(request)}${basePath}`, basePath };
  };
}

function hostOf({ raw }: FastifyRequest): string {
  const { ':authority': authority, host = authority } = raw.headers;
  if (typeof host === 'string' && isHost(host)) return host;
  const { localAddress = '127.0.0.1', localPort = 80 } = raw.socket;
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/** Of the whole header, in any case. */
function hasHeader(headers: FastifyRequest['headers'], { name, value }: HeaderCheck): boolean {
  const sent = headers[name];
  return typeof sent === 'string' && sent.trim().toLowerCase() === value.toLowerCase();
}
