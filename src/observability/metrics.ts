import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricDeclaration, metricDeclarations } from '../core/metric-declarations.ts';
import type { GaugeName, LabelsOf, MetricName, Metrics } from '../core/metrics.ts';

/** The metrics of one service: a registry of their own, so that several in a process do not meet. */
export interface MetricRegistry extends Metrics {
  /** Puts these values, and no others, in the place of what a gauge had; none: the gauge is absent. */
  set<Name extends GaugeName>(
    name: Name,
    values: readonly { readonly labels: LabelsOf<Name>; readonly value: number }[],
  ): void;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
}

type Instrument = Counter | Gauge | Histogram;

export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry();
  const declarations: readonly (readonly [string, MetricDeclaration])[] = Object.entries(metricDeclarations);
  const instruments = new Map<string, Instrument>(
    declarations.map(([name, declaration]) => [name, instrumentOf(name, declaration, registry)]),
  );
  const of = <Kind extends Instrument>(name: MetricName): Kind => instruments.get(name) as Kind;

  return {
    count: (name, labels, by = 1) => of<Counter>(name).inc(labels, by),
    observe: (name, labels, value) => of<Histogram>(name).observe(labels, value),
    move: (name, labels, by) => of<Gauge>(name).inc(labels, by),
    set(name, values) {
      const gauge = of<Gauge>(name);
      gauge.reset();
      // One without labels would be 0 now.
      gauge.remove({});
      for (const { labels, value } of values) gauge.set(labels, value);
    },
    text: () => registry.metrics(),
  };
}

function instrumentOf(
  name: string,
  { type, help, labels, buckets = [] }: MetricDeclaration,
  registry: Registry,
): Instrument {
  const configuration = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'counter') return new Counter(configuration);
  if (type === 'gauge') return new Gauge(configuration);
  return new Histogram({ ...configuration, buckets: [...buckets] });
}
