import type { Exposition } from '../core/metrics.ts';
import type { MetricRegistry } from './metrics.ts';
import { toOpenMetrics } from './openmetrics.ts';

/** @param refresh brings the gauges up to date that are read at a scrape */
export function createExposition(metrics: MetricRegistry, refresh: () => Promise<void>): Exposition {
  return async (format) => {
    await refresh();
    const { processMetrics } = await import('./process-metrics.ts');
    const text = `${await metrics.text()}\n${await processMetrics()}`;
    return format === 'openmetrics' ? toOpenMetrics(text) : text;
  };
}
