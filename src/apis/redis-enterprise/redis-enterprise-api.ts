import { type Clock, systemClock } from '../../base/clock.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { descriptionRoute } from '../description-route.ts';
import { actionOperations } from './actions-routes.ts';
import { bdbOperations } from './bdb-routes.ts';
import { clusterOperations } from './cluster-routes.ts';
import { exportOperations } from './export-routes.ts';
import { importOperations } from './import-routes.ts';
import { createLiveFacts } from './live-facts.ts';
import { logOperations } from './log-routes.ts';
import { describedRoute, routesOf } from './operation.ts';
import { ErrorBody, encodeError } from './problem.ts';
import { resetOperations } from './reset-routes.ts';
import { apiId } from './settings.ts';
import { updateOperations } from './update-routes.ts';
import { userOperations } from './users-routes.ts';

export interface RedisEnterpriseOptions {
  readonly service: Service;
  /** Version of Pumphouse, for the description. */
  readonly version: string;
  /** Default the clock of the machine. */
  readonly clock?: Clock;
}

const title = 'Redis Enterprise: database export and import';

/** The part of the Redis Enterprise Software REST API that exports, imports and watches databases. */
export function createRedisEnterpriseApi(options: RedisEnterpriseOptions): Api {
  const { service, clock = systemClock } = options;
  // Errors show the newest number that was asked for: they cannot wait for the store.
  let lastStateId: number | null = null;
  const parts = {
    service,
    clock,
    facts: createLiveFacts(service, clock),
    async stateId() {
      lastStateId = await service.configurationRevision();
      return lastStateId;
    },
  };
  const operations = [
    ...userOperations(parts),
    ...bdbOperations(parts),
    ...updateOperations(parts),
    ...exportOperations(parts),
    ...importOperations(parts),
    ...resetOperations(parts),
    ...actionOperations(parts),
    ...logOperations(parts),
    ...clusterOperations(parts),
  ];
  const routes = operations.flatMap((operation) => routesOf(operation, parts));
  const described = operations.flatMap((operation) =>
    routesOf(operation, parts).map((route) => describedRoute(operation, route)),
  );
  return {
    id: apiId,
    title,
    prefix: '/v1',
    morePrefixes: ['/v2', '/bdbs'],
    ownPort: { usual: 9443 },
    tokenSchemes: ['JWT', 'Bearer'],
    ignoresAccept: true,
    takesUntypedBodies: true,
    routes: [
      ...routes,
      descriptionRoute({
        path: '/v1/openapi.json',
        title,
        routes: described,
        version: options.version,
        about: 'Exports databases to files at any storage, imports them, and tells how that goes.',
        error: { schema: ErrorBody, mediaType: 'application/json' },
      }),
    ],
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError: (error) => encodeError(error, lastStateId),
  };
}
