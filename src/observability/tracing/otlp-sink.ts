import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../../core/context.ts';
import type { EndedSpan, SpanSink } from './span.ts';
import type { TracingSettings } from './tracing-settings.ts';

/** A batch that the collector does not take is tried again for so long, then given up. */
const exportMs = 3_000;
/** Batches on their way at once; with the queue of the processor (2,048 spans) they bound what is kept for a collector that is away. */
const mostBatches = 8;
/** A collector that fails is told of in the log at most so often. */
const complaintMs = 60_000;

const kinds = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const satisfies Readonly<Record<EndedSpan['kind'], SpanKind>>;

/**
 * Spans in batches to a collector, as OTLP/JSON over HTTP. What OpenTelemetry's own variables say about the sampler, the batches, and attributes of the
 * service (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`) holds.
 */
export function openOtlpSink(
  settings: TracingSettings,
  service: { readonly version: string; readonly instance: string },
  log: Logger,
): SpanSink {
  const ids = { traceId: '', spanId: '' };
  const exporter = new OTLPTraceExporter({
    ...(settings.url === null ? {} : { url: settings.url }),
    headers: { ...settings.headers },
    timeoutMillis: exportMs,
    concurrencyLimit: mostBatches,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'pumphouse',
      'service.version': service.version,
      'service.instance.id': service.instance,
    }).merge(detectResources({ detectors: [envDetector] })),
    // The ids are known before the span is made, which is done without a pause.
    idGenerator: { generateTraceId: () => ids.traceId, generateSpanId: () => ids.spanId },
    spanProcessors: [new BatchSpanProcessor(complaining(exporter, log))],
  });
  const tracer = provider.getTracer('pumphouse', service.version);

  /** Decided by the trace alone, so that all instances decide alike. The span that asks never ends, and goes nowhere. */
  const isSampled = (): boolean => tracer.startSpan('asks', { root: true }, ROOT_CONTEXT).isRecording();

  return {
    emit({ traceId, spanId, parentId, name, kind, startedAt, endedAt, attributes, error, links }) {
      Object.assign(ids, { traceId, spanId });
      if (!isSampled()) return;
      const flags = { traceFlags: TraceFlags.SAMPLED, isRemote: true };
      const context =
        parentId === null
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: parentId, ...flags });
      const span = tracer.startSpan(
        name,
        {
          kind: kinds[kind],
          startTime: startedAt,
          attributes: { ...attributes, ...(error === null ? {} : { 'error.type': error }) },
          links: links.map((place) => ({ context: { ...place, ...flags } })),
        },
        context,
      );
      if (error !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end(Math.max(startedAt, endedAt));
    },
    async close(patienceMs) {
      const { promise: givenUp, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, patienceMs);
      await Promise.race([provider.shutdown().catch(() => undefined), givenUp]);
      clearTimeout(timer);
    },
  };
}

/** The exporter, whose failures are told without its address, which may hold a password. */
function complaining(exporter: SpanExporter, log: Logger): SpanExporter {
  let complainedAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        // 0: it was taken.
        if (result.code !== 0 && performance.now() - complainedAt > complaintMs) {
          complainedAt = performance.now();
          const { code } = (result.error ?? {}) as { readonly code?: unknown };
          log.warn('the collector does not take traces', { spans: spans.length, code: code ?? null });
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
