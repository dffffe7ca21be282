import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { apiId, prefix } from './address.ts';
import { backupOperations } from './backup-routes.ts';
import { jobOperations } from './job-routes.ts';
import { routeOf } from './operation.ts';
import { encodeError } from './problem.ts';
import { recoveryOperations } from './recovery-routes.ts';

export interface DbcsOptions {
  readonly service: Service;
  /** The only identity domain that there is; null: every name is taken for one. */
  readonly identityDomain: string | null;
}

/** The part of the dbcs REST API (PaaS API v1.1) that backs deployments up, lists their backups and recovers them. */
export function createDbcsApi(parts: DbcsOptions): Api {
  const { service } = parts;
  const operations = [
    ...backupOperations(service),
    ...recoveryOperations(service),
    ...jobOperations(service),
  ];
  return {
    id: apiId,
    title: 'dbcs: backups and recovery',
    prefix,
    ownPort: { usual: null, http2: true },
    takesUntypedBodies: true,
    routes: operations.map((operation) => routeOf(operation, parts)),
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError: (error, { requestId }) => encodeError(error, requestId),
  };
}
