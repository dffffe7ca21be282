import type { Clock } from '../../base/clock.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { OwnCredential, StartOptions } from '../../service/start-input.ts';
import type { ApiRequest } from '../api.ts';
import type { RunData } from './bdb-view.ts';
import { apiId } from './settings.ts';
import { fileTime } from './times.ts';

/** What the start of every export and import here says: alone on its database, its place looked at in the job. */
export function startOptions(
  { service, clock }: { readonly service: Service; readonly clock: Clock },
  context: CallContext,
  request: ApiRequest,
  run: {
    readonly word: 'EXPORT' | 'IMPORT';
    /** Name of the registered database. */
    readonly database: string;
    readonly mail: boolean;
    readonly notes: readonly string[];
    readonly credentials: readonly OwnCredential[];
  },
): StartOptions {
  const { word, mail, notes, credentials } = run;
  const now = clock.now();
  const idempotencyKey = request.headers['idempotency-key'];
  const data: RunData = { mailReason: mail ? service.mailOf(context, run.database).reason : null, notes };
  return {
    api: apiId,
    apiData: { ...data },
    mail,
    jobName: (attempt) => `${word}_${fileTime(now + attempt * 1000).replaceAll(/\D/g, '')}`,
    onlyJobOfDatabase: true,
    placeLater: true,
    ...(credentials.length === 0 ? {} : { ownCredentials: credentials }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/** `2026-11-21T093007Z`: the second in the name of a job, of which no two of a database share one. */
export const secondOf = (jobName: string): string =>
  jobName.replace(/^.*_(\d{4})(\d\d)(\d\d)(\d{6})$/, '$1-$2-$3T$4Z');

/** Tasks of one job at once: the shards of a cluster are read beside each other, and the tables of other databases. */
export const runThreads = 4;
