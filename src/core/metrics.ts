import type { metricDeclarations } from './metric-declarations.ts';

type Declarations = typeof metricDeclarations;
export type MetricName = keyof Declarations;
type NameOf<Type extends string> = {
  [Name in MetricName]: Declarations[Name]['type'] extends Type ? Name : never;
}[MetricName];

export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
/** Gauges without labels. */
export type PlainGaugeName = {
  [Name in GaugeName]: Declarations[Name]['labels'] extends readonly [] ? Name : never;
}[GaugeName];
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<Declarations[Name]['labels'][number], string>
>;

/** Where the program counts what it does. Cheap, but not for every row: once for a call, a unit or a block of bytes. */
export interface Metrics {
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Moves a gauge up, or down by a negative number. */
  move<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, by: number): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = { count() {}, observe() {}, move() {} };

/** Media types of the formats that scrapers ask for. */
export const metricMediaTypes = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/** Everything that a scrape gets. */
export type Exposition = (format: keyof typeof metricMediaTypes) => Promise<string>;
