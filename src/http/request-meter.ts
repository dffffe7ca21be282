import type { FastifyRequest } from 'fastify';
import type { Metrics } from '../core/metrics.ts';
import type { RequestState } from './request-state.ts';

/** Counts one request: as a stream while it is open, or by the time that its answer took. */
export interface RequestMeter {
  /** The answer is a stream of events. */
  stream(): void;
  /** @param isAnswered false: it broke off, or its client went away before */
  close(status: number, isAnswered: boolean): void;
}

export function meterRequest(
  metrics: Metrics,
  request: FastifyRequest,
  stateOf: (request: FastifyRequest) => RequestState,
): RequestMeter {
  let streamOf: string | null = null;
  return {
    stream() {
      if (streamOf !== null) return;
      streamOf = stateOf(request).api;
      metrics.move('pumphouse_event_streams', { api: streamOf }, 1);
    },
    close(status, isAnswered) {
      if (streamOf !== null) return metrics.move('pumphouse_event_streams', { api: streamOf }, -1);
      const { api, startedAt } = stateOf(request);
      const labels = {
        method: request.method,
        // The template, not what was asked for: there are only so many. Addresses that nobody serves share one.
        route: request.routeOptions?.url ?? 'none',
        api,
        status: isAnswered ? `${Math.floor(status / 100)}xx` : 'broken',
      };
      metrics.observe(
        'pumphouse_http_request_duration_seconds',
        labels,
        (performance.now() - startedAt) / 1000,
      );
    },
  };
}
