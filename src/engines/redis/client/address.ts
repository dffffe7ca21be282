/** Where a server listens. Of a Unix socket `host` is the path, beginning with `/`, and `port` is 0. */
export interface Address {
  /** Name, IPv4 or IPv6 address without brackets, or path. */
  readonly host: string;
  readonly port: number;
}

export const isUnixSocket = ({ host }: Address): boolean => host.startsWith('/');

/** `host:port`, `[::1]:6379` or the path: as messages show it. */
export const addressText = ({ host, port }: Address): string =>
  host.startsWith('/') ? host : host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const sameAddress = (one: Address, other: Address): boolean =>
  one.host === other.host && one.port === other.port;
