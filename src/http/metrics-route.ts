import { createHash, timingSafeEqual } from 'node:crypto';
import type { Api, Route } from '../apis/api.ts';
import { negotiate } from '../base/media-type.ts';
import type { Secret } from '../base/secret.ts';
import { type Exposition, metricMediaTypes } from '../core/metrics.ts';
import { type Authenticator, authenticate } from './authenticate.ts';

/** Who may read the metrics; named as the options. */
export interface MetricsAccess {
  /** `users`: whoever signs in, whatever the role, and the bearer of `metricsToken`; `open`: everybody. */
  readonly metrics: 'users' | 'open' | 'off';
  /** Of scrapers that are no users; null: there is none. */
  readonly metricsToken: Secret | null;
}

/**
 * `GET /metrics`. Its figures are of the service as a whole and name nobody's things, so that every role may read them. No route where there are none.
 */
export const metricsRoutes = (
  expose: Exposition | null,
  access: MetricsAccess,
  service: Authenticator,
): readonly Route[] => (expose === null ? [] : [metricsRoute(expose, access, service)]);

function metricsRoute(
  expose: Exposition,
  { metrics, metricsToken }: MetricsAccess,
  service: Authenticator,
): Route {
  const tokenDigest = metricsToken === null ? null : digest(metricsToken.reveal());
  const system: Pick<Api, 'id' | 'tokenSchemes'> = { id: 'system' };

  async function admit(authorization: string | undefined): Promise<void> {
    if (metrics === 'open') return;
    const [, token] = /^Bearer +(\S+)\s*$/i.exec(authorization ?? '') ?? [];
    if (token !== undefined && tokenDigest !== null && timingSafeEqual(tokenDigest, digest(token))) return;
    await authenticate(service, authorization, system);
  }

  return {
    method: 'GET',
    path: '/metrics',
    operationId: 'metrics',
    summary: 'Metrics of the service',
    tags: ['metrics'],
    // Its token is no user's; admit asks for that, or for a user.
    access: 'public',
    responses: {
      200: {
        description: 'The metrics.',
        schema: null,
        mediaType: metricMediaTypes.prometheus,
        otherMediaTypes: [metricMediaTypes.openmetrics],
      },
    },
    admit: ({ headers }) => admit(headers.authorization),
    async handle({ headers }) {
      const { prometheus, openmetrics } = metricMediaTypes;
      const isOpenMetrics = negotiate(headers.accept, [prometheus, openmetrics]) === openmetrics;
      const format = isOpenMetrics ? 'openmetrics' : 'prometheus';
      return {
        status: 200,
        headers: { 'content-type': metricMediaTypes[format] },
        body: await expose(format),
      };
    },
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
