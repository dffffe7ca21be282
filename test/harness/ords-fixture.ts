import assert from 'node:assert/strict';
import type { ApiReply, ApiRequest } from '../../src/apis/api.ts';
import { createOrdsApi, type OrdsOptions } from '../../src/apis/ords/ords-api.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import type { Caller } from '../../src/core/permission.ts';
import { completeRequest } from '../../src/core/stored-request.ts';
import type { Service } from '../../src/service/service.ts';

/*
 * What unit tests of the ORDS API share: a job, and the API over a service made of fixed answers. It is for what the API makes of requests
 * and answers; everything that needs a service that works is in test/e2e/.
 */

/** 2026-02-14 09:30:07 UTC: the clock of the API stands here. */
export const secondOfStart = Date.UTC(2026, 1, 14, 9, 30, 7);
const admin: Caller = { name: 'root', role: 'administrator', databases: [] };

/** An export of HARBOR that runs. */
export function sampleJob(name: string, changes: Partial<Job> = {}): Job {
  return {
    id: `id-${name}`,
    seq: 1,
    name,
    kind: 'export',
    state: 'executing',
    owner: 'harbor',
    database: 'wharf',
    api: 'ords',
    apiData: { jobMode: 'SCHEMA', keepMaster: 1 },
    request: completeRequest({
      kind: 'export',
      database: 'wharf',
      selection: { mode: 'schema', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
      location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
      filePattern: 'TIDE%U.DMP',
      encoding: 'text',
      threads: 1,
    }),
    plan: null,
    result: null,
    threads: 1,
    priority: 0,
    running: 1,
    progress: { bytesDone: 1, bytesTotal: 4, rowsDone: 2, rowsTotal: 8, unitsDone: 0, unitsTotal: 1 },
    errorCount: 0,
    error: null,
    restarts: 0,
    parent: null,
    waitingFor: null,
    createdAt: secondOfStart,
    startedAt: secondOfStart,
    finishedAt: null,
    version: 1,
    ...changes,
  };
}

export const nameAt = (second: number): string =>
  `DATAPUMP_REST_EXPORT_202602140930${String(second).padStart(2, '0')}`;

/** The API over a service that gives these answers. */
export function ordsApiOver(answers: Partial<Service>, options: Partial<OrdsOptions> = {}) {
  const service = {
    refuseAway: async () => undefined,
    listDatabases: async () => [{ name: 'wharf', uid: 1, engine: 'sqlite', url: '', createdAt: 0 }],
    listUsers: async () => [],
    jobFiles: async () => [],
    jobReport: async () => null,
    ...answers,
  } as Partial<Service> as Service;
  return createOrdsApi({
    service,
    defaultDatabase: () => null,
    clock: { now: () => secondOfStart },
    ...options,
  });
}

/** The answer of an operation at /ords/wharf/harbor/. */
export async function call(
  made: ReturnType<typeof ordsApiOver>,
  operationId: string,
  request: Partial<ApiRequest> = {},
): Promise<ApiReply> {
  const route = made.routes.find((each) => each.operationId === operationId && each.hidden !== true);
  assert.ok(route !== undefined);
  return route.handle({
    method: route.method,
    query: {},
    headers: {},
    body: undefined,
    caller: admin,
    base: 'https://pump.example.net',
    basePath: '',
    url: '/ords/wharf/harbor/_/db-api/stable/...',
    requestId: 'r',
    signal: new AbortController().signal,
    ...request,
    params: { pool: 'wharf', alias: 'harbor', ...request.params },
  });
}

/** For assert.rejects: an AppError of that code. */
export const code =
  (expected: string) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === expected;
