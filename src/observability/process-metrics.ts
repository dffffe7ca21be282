import { collectDefaultMetrics, Registry } from 'prom-client';

let registry: Registry | null = null;

/**
 * What Node and the operating system tell of this process, in the text format of Prometheus. Watching begins with the first call, once per process: prom-client's
 * observers cannot be taken away again.
 */
export function processMetrics(): Promise<string> {
  if (registry === null) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry.metrics();
}
