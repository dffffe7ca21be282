import { type Clock, systemClock } from '../../base/clock.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { descriptionRoute } from '../description-route.ts';
import { connectionOperations } from './connection-routes.ts';
import { exportOperations } from './export-routes.ts';
import { importOperations } from './import-routes.ts';
import { instanceOperations } from './instance-routes.ts';
import { jobOperations } from './job-routes.ts';
import { apiId, describedRoute, isAddress, routeOf } from './operation.ts';
import { ErrorBody, encodeError } from './problem.ts';
import { resourceOperations } from './resource-routes.ts';
import { runOperations } from './run-routes.ts';
import { scriptOperations } from './script-routes.ts';
import { authenticate, signInOf } from './sign-in/authenticate.ts';
import { describedTokenRoute, tokenRoute } from './sign-in/token-route.ts';

export interface DataArtsOptions {
  readonly service: Service;
  /** Version of Pumphouse, for the description. */
  readonly version: string;
  /** 32 hexadecimal digits that addresses must name; null: any will do. */
  readonly projectId: string | null;
  /** Default the clock of the machine. */
  readonly clock?: Clock;
}

const title = 'DataArts Factory: jobs, export and import';
/** Bytes: as much as the gateway of the original takes. */
const bodyLimit = 12 * 1024 * 1024;

/** The part of the DataArts Factory API that keeps, runs, exports and imports jobs and what they are made of. */
export function createDataArtsApi(options: DataArtsOptions): Api {
  const { service, projectId, clock = systemClock } = options;
  const parts = { service, projectId, clock };
  const operations = [
    ...jobOperations(parts),
    ...runOperations(parts),
    ...instanceOperations(parts),
    ...exportOperations(parts),
    ...importOperations(parts),
    ...scriptOperations(parts),
    ...resourceOperations(parts),
    ...connectionOperations(parts),
  ];
  const described = operations.map((operation) => describedRoute(operation, routeOf(operation, parts)));
  return {
    id: apiId,
    title,
    prefix: '/v3/auth',
    morePrefixes: ['/dataarts'],
    owns: isAddress,
    ignoresAccept: true,
    takesUntypedBodies: true,
    readsRawBodies: true,
    bodyLimit,
    signInOf,
    authenticate: (request) => authenticate(parts, request),
    routes: [
      ...operations.map((operation) => routeOf(operation, parts)),
      tokenRoute(parts),
      descriptionRoute({
        path: '/dataarts/openapi.json',
        title,
        routes: [...described, describedTokenRoute(parts)],
        version: options.version,
        about: 'Keeps, runs, exports and imports jobs, scripts, resources and connections.',
        error: { schema: ErrorBody, mediaType: 'application/json' },
      }),
    ],
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError,
  };
}
