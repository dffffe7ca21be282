import type { IncomingHttpHeaders } from 'node:http';

/** Headers by lower-case name, repeated ones joined as HTTP allows. */
export function plainHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
