import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';

/**
 * Opens connections on behalf of URLs that users give. Every address is checked against the URL policy (policy.ts), and the address that was
 * checked is the one connected to: no second look-up can give another. Redirects are new requests, so they are checked again by themselves.
 */
export interface Network {
  /**
   * A connected TCP socket with `noDelay` set, TLS being the caller's matter. Throws `address-refused` when the policy refuses the host or one
   * of its addresses, `storage-unreachable` when nobody answers there, `aborted` after `signal`.
   * @param address one of `host`'s own, which is then not looked up again: for a further connection to the very server of an earlier one
   */
  connect(host: string, port: number, signal: AbortSignal, address?: string): Promise<Socket>;
  /** Throws `address-refused` for a literal address or a host name that the policy refuses. Host names still have to pass `lookup`. */
  checkHost(host: string): void;
  /** For libraries that connect by themselves: `dns.lookup` that fails with `address-refused`. Literal addresses never come here: call `checkHost` too. */
  readonly lookup: LookupFunction;
  /** Keep-alive agents that connect through the policy, literal addresses included. The caller destroys them. */
  agents(options: AgentOptions): NetworkAgents;
}

export interface AgentOptions {
  /** Connections to one host at once. */
  readonly maxSockets: number;
  /** Certificates in PEM that are trusted besides the system's; null: only those. */
  readonly ca: string | null;
}

export interface NetworkAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  destroy(): void;
}
