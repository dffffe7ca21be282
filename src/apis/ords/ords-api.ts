import { type Clock, systemClock } from '../../base/clock.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { catalogueOperations } from './catalogue-routes.ts';
import { jobOperations } from './job-routes.ts';
import { type OrdsParts, routesOf } from './operation.ts';
import { encodeError } from './problem.ts';
import { startOperations } from './start-routes.ts';
import type { EndState } from './states.ts';
import { tableOperations } from './table-routes.ts';

export interface OrdsOptions {
  readonly service: Service;
  /** The database of addresses that name no pool; null: there is none. Asked at every request. */
  readonly defaultDatabase: () => string | null;
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
    clock: options.clock ?? systemClock,
  };
  const work = [...startOperations(parts), ...jobOperations(parts), ...tableOperations(parts)];
  const operations = [...work, ...catalogueOperations(work)];
  return {
    id: 'ords',
    title: 'Oracle REST Data Services: Data Pump',
    prefix: '/ords',
    routes: operations.flatMap((operation) => routesOf(operation, parts)),
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError,
  };
}
