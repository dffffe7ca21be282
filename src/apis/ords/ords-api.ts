import { type Clock, systemClock } from '../../base/clock.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { catalogueOperations } from './catalogue-routes.ts';
import { jobOperations } from './job-routes.ts';
import { landingRoutes } from './landing.ts';
import { type OrdsParts, routesOf } from './operation.ts';
import { largestLimit } from './paging.ts';
import { encodeError } from './problem.ts';
import { startOperations } from './start-routes.ts';
import type { EndState } from './states.ts';
import { tableOperations } from './table-routes.ts';

export interface OrdsOptions {
  readonly service: Service;
  /** The database of addresses that name no pool; null: there is none. Asked at every request. */
  readonly defaultDatabase: () => string | null;
  /** Pools that the configuration has and that cannot be used, with the reason; default none. */
  readonly unusable?: ReadonlyMap<string, string>;
  /** False: there is no Database API, only what probes ask for. Default true. */
  readonly databaseApi?: boolean;
  /** Most items on a page of this database; default {@link largestLimit}. */
  readonly mostRows?: (database: string) => number;
  /** How jobs at rest show; default `COMPLETED`. */
  readonly endState?: EndState;
  /** Job names are made of its seconds. Default the clock of the machine. */
  readonly clock?: Clock;
}

/** The Data Pump part of the Oracle REST Data Services (ORDS) Database API. */
export function createOrdsApi(options: OrdsOptions): Api {
  const parts: OrdsParts = {
    service: options.service,
    defaultDatabase: options.defaultDatabase,
    endState: options.endState ?? 'COMPLETED',
    unusable: options.unusable ?? new Map(),
    mostRows: options.mostRows ?? (() => largestLimit),
    clock: options.clock ?? systemClock,
  };
  const work = [...startOperations(parts), ...jobOperations(parts), ...tableOperations(parts)];
  const operations = options.databaseApi === false ? [] : [...work, ...catalogueOperations(work)];
  return {
    id: 'ords',
    title: 'Oracle REST Data Services: Data Pump',
    prefix: '/ords',
    routes: [...landingRoutes(), ...operations.flatMap((operation) => routesOf(operation, parts))],
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError,
  };
}
