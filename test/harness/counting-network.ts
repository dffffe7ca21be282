import { createNetwork } from '../../src/network/create-network.ts';
import type { Network } from '../../src/network/network.ts';

/** A network that lets everything through, and counts the connections. */
export function countingNetwork(): { readonly network: Network; readonly connections: number } {
  const network = createNetwork({ allow: ['0.0.0.0/0', '::/0'] });
  let connections = 0;
  return {
    network: {
      ...network,
      connect(...parts) {
        connections += 1;
        return network.connect(...parts);
      },
    },
    get connections() {
      return connections;
    },
  };
}
