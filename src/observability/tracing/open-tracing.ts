import { createJobTraces, type JobTraceParts, type JobTraces } from './job-traces.ts';
import type { TracingSettings } from './tracing-settings.ts';

/** Traces of jobs that leave the process. */
export interface Tracing extends JobTraces {
  /** Sends what is left, for at most so long. Never rejects. */
  close(patienceMs: number): Promise<void>;
}

/** OpenTelemetry is loaded here, and by nobody who wants no traces. */
export async function openTracing(
  settings: TracingSettings,
  { version, ...parts }: Omit<JobTraceParts, 'sink'> & { readonly version: string },
): Promise<Tracing> {
  const { openOtlpSink } = await import('./otlp-sink.ts');
  const sink = openOtlpSink(settings, { version, instance: parts.instance }, parts.log);
  const traces = createJobTraces({ ...parts, sink });
  return {
    ...traces,
    async close(patienceMs) {
      const endsAt = performance.now() + patienceMs;
      const { promise: givenUp, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, patienceMs);
      await Promise.race([traces.settled(), givenUp]);
      clearTimeout(timer);
      await sink.close(Math.max(0, endsAt - performance.now()));
    },
  };
}
