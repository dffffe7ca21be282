import type { Metrics } from '../core/metrics.ts';
import type { StorageObserver } from '../core/storage-observer.ts';

/** Counts calls at storages. */
export const createStorageMetrics = (metrics: Metrics): StorageObserver => ({
  begin({ scheme, operation }) {
    const started = performance.now();
    return ({ bytes, idleMs, error }) => {
      const ms = Math.max(0, performance.now() - started - idleMs);
      const outcome = error?.kind ?? 'ok';
      metrics.observe('pumphouse_storage_call_duration_seconds', { scheme, operation, outcome }, ms / 1000);
      if (operation === 'put')
        metrics.count('pumphouse_storage_bytes_total', { scheme, direction: 'sent' }, bytes);
      if (operation === 'get')
        metrics.count('pumphouse_storage_bytes_total', { scheme, direction: 'received' }, bytes);
    };
  },
  retried({ scheme, operation }) {
    metrics.count('pumphouse_storage_retries_total', { scheme, operation });
  },
});
