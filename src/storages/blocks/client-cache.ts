import { createHash } from 'node:crypto';
import type { Network } from '../../network/network.ts';
import type { StoragePlace } from '../storage.ts';

/** A client in use; dispose it after the last byte of the call. */
export interface ClientLease<T> extends Disposable {
  readonly client: T;
}

/**
 * Clients of places (connection pools, tokens), so that a place that is opened a thousand times has one of them. Those that nobody has used
 * for some seconds are closed, and nothing here keeps the process alive.
 */
export interface ClientCache<T> {
  /** The client of a place: that of an earlier call to the same host as the same user with the same options, or a new one. */
  lease(place: StoragePlace): ClientLease<T>;
}

interface Entry<T> {
  readonly client: T;
  leases: number;
  timer: NodeJS.Timeout | null;
}

/** @param make cold: no I/O */
export function createClientCache<T>(
  make: (place: StoragePlace) => T,
  close: (client: T) => void,
  idleMs = 10_000,
): ClientCache<T> {
  const clients = new WeakMap<Network, Map<string, Entry<T>>>();
  return {
    lease(place) {
      const known = clients.get(place.network) ?? new Map<string, Entry<T>>();
      clients.set(place.network, known);
      const key = keyOf(place);
      const entry = known.get(key) ?? { client: make(place), leases: 0, timer: null };
      known.set(key, entry);
      entry.leases += 1;
      clearTimeout(entry.timer ?? undefined);
      return {
        client: entry.client,
        [Symbol.dispose]() {
          entry.leases -= 1;
          if (entry.leases > 0) return;
          entry.timer = setTimeout(() => {
            known.delete(key);
            close(entry.client);
          }, idleMs).unref();
        },
      };
    },
  };
}

/** Equal for places that one client serves. */
function keyOf({ url, options, credential }: StoragePlace): string {
  const facts = [
    url.protocol,
    url.username,
    url.host,
    Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)),
    credential === null ? null : [credential.name, credential.type, credential.id],
    credential?.secret?.reveal() ?? null,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}
