import type { IncomingHttpHeaders } from 'node:http';

/** What a proxy says about the request that it got; a member is missing where it says nothing, or nothing that can be. */
export interface Forwarded {
  readonly scheme?: 'http' | 'https';
  /** With the port where it is not the usual one. */
  readonly host?: string;
  /** The path that it has taken off: `/dumps`, without a slash at its end. */
  readonly prefix?: string;
}

/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. */
const hostPattern = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;
/** Segments that are written the same way in every place where a URL stands. */
const prefixPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/;
const longestPrefix = 200;

export const isHost = (text: string): boolean => hostPattern.test(text);

/**
 * Reads X-Forwarded-Proto, -Host, -Port and -Prefix; where a request has none of them, `Forwarded` (RFC 7239). Of several words in one header the
 * last counts: it is that of the nearest proxy, and those before it may come from the client. To be asked only about a proxy that is trusted.
 */
export function readForwarded(headers: IncomingHttpHeaders): Forwarded {
  const hasOwn = Object.keys(headers).some((name) => name.startsWith('x-forwarded-'));
  if (!hasOwn) return readStandard(last(headers.forwarded));
  const scheme = schemeOf(last(headers['x-forwarded-proto']));
  const host = hostOf(last(headers['x-forwarded-host']), last(headers['x-forwarded-port']), scheme);
  const prefix = prefixOf(last(headers['x-forwarded-prefix']));
  return {
    ...(scheme === undefined ? {} : { scheme }),
    ...(host === undefined ? {} : { host }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

/** `for=192.0.2.43;host="pump.example.net:8443";proto=https` */
function readStandard(element: string | undefined): Forwarded {
  const pairs = new Map(
    [...(element ?? '').matchAll(/(?:^|;)\s*([a-z]+)=(?:"([^"\\]*)"|([^;"\s]*))/gi)].map(
      ([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain] as const,
    ),
  );
  const scheme = schemeOf(pairs.get('proto'));
  const host = hostOf(pairs.get('host'), undefined, scheme);
  return { ...(scheme === undefined ? {} : { scheme }), ...(host === undefined ? {} : { host }) };
}

/** The last of the words with commas between them; undefined without any. */
function last(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'object' ? header.at(-1) : header;
  return text?.split(',').at(-1)?.trim();
}

function schemeOf(text: string | undefined): Forwarded['scheme'] {
  const word = text?.toLowerCase();
  return word === 'http' || word === 'https' ? word : undefined;
}

/** A port of its own header counts where the host has none, and it is not the usual one. */
function hostOf(
  host: string | undefined,
  port: string | undefined,
  scheme: Forwarded['scheme'],
): string | undefined {
  if (host === undefined || !isHost(host)) return undefined;
  const usual = scheme === 'https' ? '443' : '80';
  const needsPort = port !== undefined && /^\d{1,5}$/.test(port) && port !== usual && !/:\d+$/.test(host);
  return needsPort ? `${host}:${port}` : host;
}

/** `/` is the root, and says nothing. What is not a plain path is as if it were not there. */
function prefixOf(text: string | undefined): string | undefined {
  const path = text?.replace(/\/$/, '');
  if (path === undefined || path.length > longestPrefix || !prefixPattern.test(path)) return undefined;
  return path;
}
