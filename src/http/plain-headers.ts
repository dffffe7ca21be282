import type { IncomingHttpHeaders } from 'node:http';

/** Headers by lower-case name, repeated ones joined as HTTP allows. The pseudo-headers of HTTP/2 are none; its `:authority` is `host`. */
export function plainHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string | undefined>> {
  const plain = Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !name.startsWith(':'))
      .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  const { ':authority': authority } = headers;
  return typeof authority === 'string' ? { host: authority, ...plain } : plain;
}
