import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import type { Job, JobLogEntry } from '../../core/job.ts';
import type { Caller } from '../../core/permission.ts';
import type { Service, StartExport, StartImport, StartOptions } from '../../service/service.ts';
import type { ApiReply, ApiRequest, Route } from '../api.ts';
import type { JobItem } from './job-item.ts';
import { createOrdsApi, type OrdsOptions } from './ords-api.ts';
import type { Page } from './paging.ts';

/*
 * What the API makes of requests and of what the service answers; the service here is made of fixed answers. Everything that needs a
 * service that works is in test/e2e/.
 */

const secondOfStart = Date.UTC(2026, 1, 14, 9, 30, 7);
const admin: Caller = { name: 'root', role: 'administrator', databases: [] };

function job(name: string, changes: Partial<Job> = {}): Job {
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
    request: {
      kind: 'export',
      database: 'wharf',
      selection: { mode: 'schema', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
      location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
      filePattern: 'TIDE%U.DMP',
      encoding: 'text',
      threads: 1,
    },
    plan: null,
    result: null,
    threads: 1,
    running: 1,
    progress: { bytesDone: 1, bytesTotal: 4, rowsDone: 2, rowsTotal: 8, unitsDone: 0, unitsTotal: 1 },
    errorCount: 0,
    error: null,
    restarts: 0,
    createdAt: secondOfStart,
    startedAt: secondOfStart,
    finishedAt: null,
    version: 1,
    ...changes,
  };
}

const nameAt = (second: number): string =>
  `DATAPUMP_REST_EXPORT_202602140930${String(second).padStart(2, '0')}`;

interface Started {
  readonly input: StartExport | StartImport;
  readonly options: StartOptions;
}

function api(answers: Partial<Service>, options: Partial<OrdsOptions> = {}) {
  const service = {
    listDatabases: async () => [{ name: 'wharf', uid: 1, engine: 'sqlite', url: '', createdAt: 0 }],
    listUsers: async () => [],
    jobFiles: async () => [],
    ...answers,
  } as Partial<Service> as Service;
  return createOrdsApi({
    service,
    defaultDatabase: () => null,
    clock: { now: () => secondOfStart },
    ...options,
  });
}

async function call(
  made: ReturnType<typeof api>,
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
    origin: 'https://pump.example.net',
    url: '/ords/wharf/harbor/_/db-api/stable/...',
    requestId: 'r',
    signal: new AbortController().signal,
    ...request,
    params: { pool: 'wharf', alias: 'harbor', ...request.params },
  });
}

const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;
const jobs = 'https://pump.example.net/ords/wharf/harbor/_/db-api/stable/database/datapump/jobs/';

describe('the routes', () => {
  const has = (routes: readonly Route[], method: string, path: string): boolean =>
    routes.some((route) => route.method === method && route.path === path);

  it('answer every operation at every form of address', () => {
    const { routes } = api({});
    const paths: readonly [string, string][] = [
      ['POST', '/database/datapump/export'],
      ['POST', '/database/datapump/import'],
      ['POST', '/database/datapump/jobs/'],
      ['GET', '/database/datapump/jobs/'],
      ['GET', '/database/datapump/jobs/:job/'],
      ['GET', '/database/datapump/jobs/:job'],
      ['DELETE', '/database/datapump/jobs/:job/'],
      ['DELETE', '/database/datapump/jobs/:job'],
      ['GET', '/database/datapump/jobs/:job/:file'],
      ['GET', '/metadata-catalog/'],
      ['GET', '/metadata-catalog/openapi.json'],
      ['GET', '/database/objects/tables/'],
    ];
    for (const form of ['/:pool/:alias/_', '/:pool/_', '/_']) {
      for (const version of ['stable', 'latest']) {
        for (const [method, path] of paths) {
          assert.ok(has(routes, method, `${form}/db-api/${version}${path}`), `${method} ${form} ${path}`);
        }
      }
    }
  });

  it('are described once each', () => {
    const shown = api({}).routes.filter((route) => route.hidden !== true);
    assert.equal(new Set(shown.map(({ operationId }) => operationId)).size, shown.length);
    assert.ok(shown.every(({ path }) => path.startsWith('/:pool/:alias/_/db-api/stable/')));
  });

  it('need credentials, but for the catalogue', () => {
    for (const route of api({}).routes) {
      assert.equal(route.access, route.path.includes('metadata-catalog') ? 'public' : 'authenticated');
    }
  });
});

describe('a start', () => {
  const started: Started[] = [];
  const taking = api({
    startExport: async (_context, input, options) => {
      started.push({ input, options });
      return { job: job(options.jobName?.(0) ?? ''), created: true };
    },
    startImport: async (_context, input, options) => {
      started.push({ input, options });
      return { job: job(options.jobName?.(1) ?? '', { kind: 'import' }), created: true };
    },
  });

  it('answers 201 with the address of the job, twice, and an entity tag', async () => {
    const { status, headers, body } = await call(taking, 'startDataPumpExport', { body: { threads: 1 } });
    assert.equal(status, 201);
    assert.equal(headers?.Location, `${jobs}HARBOR,${nameAt(7)}/`);
    assert.equal(headers?.['Content-Location'], headers?.Location);
    assert.match(headers?.ETag ?? '', /^"[A-Za-z0-9+/]{86}=="$/);
    assert.equal(headers?.['Content-Type'], 'application/json');
    assert.equal((body as JobItem).state, 'EXECUTING');
    assert.equal((body as JobItem).datapump_sessions, 2);
  });

  it('asks for a name of this second or the next free one, and for dump files of that second', async () => {
    await call(taking, 'startDataPumpExport', { body: {}, headers: { 'idempotency-key': 'k1' } });
    const { options } = started.at(-1) as Started;
    assert.equal(options.api, 'ords');
    assert.equal(options.idempotencyKey, 'k1');
    assert.deepEqual([options.jobName?.(0), options.jobName?.(2)], [nameAt(7), nameAt(9)]);
    assert.equal(options.defaultFilePattern?.(nameAt(9)), 'EXPDAT%U-2026-02-14-09_30_09.DMP');
  });

  it('of an import names its log after the job', async () => {
    const { body } = await call(taking, 'startDataPumpImport', { body: { file_name: 'TIDE%U.DMP' } });
    const { job_name, operation, links } = body as JobItem;
    assert.equal(job_name, 'DATAPUMP_REST_IMPORT_20260214093008');
    assert.equal(operation, 'IMPORT');
    assert.equal(
      links
        .find(({ rel }) => rel === 'related')
        ?.href.split('/')
        .at(-1),
      'IMPDAT-2026-02-14-09_30_08.LOG',
    );
    assert.equal((started.at(-1) as Started).options.defaultFilePattern, undefined);
  });

  it('in the older form goes by operation', async () => {
    const body = { operation: 'import', file_name: 'A.DMP' };
    const reply = await call(taking, 'startDataPumpJob', { body });
    assert.equal((reply.body as JobItem).operation, 'IMPORT');
  });

  it('refused by the service names the member of this API', async () => {
    const refusal = new AppError('file-exists', {
      message: 'TIDE01.DMP exists already.',
      field: 'file_pattern',
    });
    const made = api({ startExport: () => Promise.reject(refusal) });
    await assert.rejects(
      call(made, 'startDataPumpExport', { body: {} }),
      (error) =>
        error instanceof AppError &&
        error.code === 'file-exists' &&
        error.message === 'file_name: TIDE01.DMP exists already.',
    );
  });

  it('with the key of a cancelled job is a conflict', async () => {
    const made = api({
      startExport: async () => ({ job: job(nameAt(7), { state: 'cancelled' }), created: false }),
    });
    await assert.rejects(call(made, 'startDataPumpExport', { body: {} }), code('job-state'));
  });
});

describe('the list of jobs', () => {
  // Newest first, handed out two at a time.
  const all = [
    job(nameAt(50), { seq: 5 }),
    job(nameAt(40), { seq: 4, state: 'completed', apiData: { jobMode: null, keepMaster: 0 } }),
    job(nameAt(30), { seq: 3, state: 'completed', kind: 'import' }),
    job(nameAt(20), { seq: 2, state: 'cancelled' }),
    job(nameAt(10), { seq: 1, state: 'failed' }),
  ];
  const listing = api({
    listJobs: async (_context, { database, api: word, cursor }) => {
      assert.deepEqual([database, word], ['wharf', 'ords']);
      const from = Number(cursor ?? '0');
      return { jobs: all.slice(from, from + 2), nextCursor: from + 2 < all.length ? String(from + 2) : null };
    },
  });
  const list = async (query: Record<string, string>, made = listing) =>
    (await call(made, 'listDataPumpJobs', { query })).body as Page<JobItem>;
  const names = ({ items }: Page<JobItem>) => items.map(({ job_name }) => job_name.slice(-2));

  it('leaves out cancelled ones and those without a control table', async () => {
    const page = await list({});
    assert.deepEqual(names(page), ['50', '30', '10']);
    assert.deepEqual([page.count, page.hasMore, page.limit, page.offset], [3, false, 25, 0]);
  });

  it('pages', async () => {
    const page = await list({ limit: '1', offset: '1' });
    assert.deepEqual(names(page), ['30']);
    assert.deepEqual([page.count, page.hasMore], [1, true]);
    assert.deepEqual(
      page.links.map(({ rel }) => rel),
      ['self', 'describedby', 'first', 'next', 'prev'],
    );
    assert.equal((await list({ limit: '3' })).hasMore, false);
  });

  it('filters and sorts', async () => {
    const q = JSON.stringify({ operation: 'EXPORT', $orderby: { job_name: 'asc' } });
    assert.deepEqual(names(await list({ q })), ['10', '50']);
    assert.deepEqual(names(await list({ q: '{"state":"COMPLETED"}' })), ['30']);
    assert.deepEqual(names(await list({ q: '{"percent_done":{"$lt":100}}' })), ['50', '10']);
  });

  it('knows the other word for rest', async () => {
    const faithful = api(
      { listJobs: async () => ({ jobs: all, nextCursor: null }) },
      { endState: 'NOT RUNNING' },
    );
    assert.deepEqual(names(await list({ q: '{"state":"NOT RUNNING"}' }, faithful)), ['30', '10']);
  });

  it('refuses a malformed filter', async () => {
    await assert.rejects(list({ q: '{state' }), code('filter-invalid'));
    await assert.rejects(list({ limit: '0' }), code('field-invalid'));
  });
});

describe('one job', () => {
  const found = job(nameAt(7), { state: 'completed', finishedAt: secondOfStart + 190_000 });
  const showing = api({
    findJob: async (_context, database, word, name) => {
      if (database === 'wharf' && word === 'ords' && name === found.name) return found;
      throw new AppError('job-unknown', { message: 'There is no such job.' });
    },
    jobFiles: async () => [{ name: 'TIDE01.DMP', bytes: 5 }],
  });
  const show = (key: string) => call(showing, 'getDataPumpJob', { params: { job: key } });

  it('is found by owner and name, in any case', async () => {
    for (const key of [`HARBOR,${nameAt(7)}`, `harbor,${nameAt(7).toLowerCase()}`]) {
      const { body, headers } = await show(key);
      assert.equal((body as JobItem).state, 'COMPLETED');
      assert.match(headers?.ETag ?? '', /^".{88}"$/);
    }
  });

  for (const key of [`OTHER,${nameAt(7)}`, nameAt(7), `HARBOR,${nameAt(8)}`, 'HARBOR,', `,${nameAt(7)}`]) {
    it(`is unknown as ${key}`, () => assert.rejects(show(key), code('job-unknown')));
  }

  it('is unknown once it is cancelled', () =>
    assert.rejects(
      call(api({ findJob: async () => job(nameAt(7), { state: 'cancelled' }) }), 'getDataPumpJob', {
        params: { job: `HARBOR,${nameAt(7)}` },
      }),
      code('job-unknown'),
    ));

  it('stays readable when the location of its files does not answer', async () => {
    const made = api({
      findJob: async () => found,
      jobFiles: async () => {
        throw new AppError('storage-timeout', { message: 'The storage does not answer.' });
      },
    });
    const { body } = await call(made, 'getDataPumpJob', { params: { job: `HARBOR,${nameAt(7)}` } });
    assert.equal((body as JobItem).links.filter(({ rel }) => rel === 'related').length, 1);
  });

  it('is killed by DELETE', async () => {
    const cancelled: string[] = [];
    const made = api({
      findJob: async () => found,
      cancelJob: async (_context, id) => {
        cancelled.push(id);
        return found;
      },
    });
    const reply = await call(made, 'deleteDataPumpJob', { params: { job: `HARBOR,${nameAt(7)}` } });
    assert.deepEqual(reply, { status: 204 });
    assert.deepEqual(cancelled, [found.id]);
  });
});

describe('the files of a job', () => {
  const done = job(nameAt(7), { state: 'completed', finishedAt: secondOfStart + 190_000 });
  const entry = (seq: number, event: JobLogEntry['event'], data: JobLogEntry['data']): JobLogEntry => ({
    seq,
    at: secondOfStart + seq * 10_000,
    level: event === 'error' ? 'error' : 'info',
    event,
    message: `${event} happened.`,
    data,
  });
  const exported = [
    entry(1, 'state', { state: 'planning' }),
    entry(2, 'plan', { tables: 1, units: 1, bytes: 782_447_411 }),
    entry(3, 'object-type', { path: 'SCHEMA_EXPORT/TABLE/TABLE_DATA' }),
    entry(4, 'table', {
      schema: 'HARBOR',
      name: 'BERTHS',
      bytes: 782_447_411,
      rows: 6003632,
      operation: 'exported',
    }),
    entry(5, 'files', { files: ['TIDE02.DMP', 'TIDE01.DMP'] }),
    entry(19, 'state', { state: 'completed' }),
  ];

  async function readLog(shown: Job, entries: readonly JobLogEntry[], later: Job = shown): Promise<string> {
    const made = api({
      findJob: async () => shown,
      getJob: async () => later,
      jobLog: async (_context, _id, afterSeq) => entries.filter(({ seq }) => seq > afterSeq).slice(0, 2),
    });
    const file =
      shown.kind === 'import' ? 'IMPDAT-2026-02-14-09_30_07.LOG' : 'EXPDAT-2026-02-14-09_30_07.LOG';
    const { status, headers, stream } = await call(made, 'getDataPumpJobFile', {
      params: { job: `HARBOR,${shown.name}`, file },
    });
    assert.equal(status, 200);
    assert.equal(headers?.['Content-Type'], 'text/plain; charset=utf-8');
    let text = '';
    for await (const part of stream ?? []) text += part;
    return text;
  }

  it('the log is as published', async () => {
    assert.equal(
      await readLog(done, exported),
      `Starting "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007":
Total estimation using STATISTICS method: 746.2 MB
Processing object type SCHEMA_EXPORT/TABLE/TABLE_DATA
. . exported "HARBOR"."BERTHS"                            746.2 MB 6003632 rows
Master table "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007" successfully loaded/unloaded
******************************************************************************
Dump file set for HARBOR.DATAPUMP_REST_EXPORT_20260214093007 is:
  TIDE01.DMP
  TIDE02.DMP
Job "HARBOR"."DATAPUMP_REST_EXPORT_20260214093007" successfully completed at Sat Feb 14 09:33:17 2026 elapsed 0 00:03:10
`,
    );
  });

  it('the log of a running job is what there is', async () => {
    const running = job(nameAt(7));
    assert.equal(await readLog(running, []), `Starting "HARBOR"."${nameAt(7)}":\n`);
    const text = await readLog(running, exported.slice(0, 4));
    assert.match(text, /6003632 rows\n$/);
  });

  it('the log of a job that comes to rest meanwhile is whole', async () => {
    assert.equal(await readLog(job(nameAt(7)), exported, done), await readLog(done, exported));
  });

  it('the last line tells errors, stops and failures', async () => {
    const lastLine = async (changes: Partial<Job>, state: string) => {
      const text = await readLog({ ...done, ...changes }, [entry(19, 'state', { state })]);
      return text.trimEnd().split('\n').at(-1);
    };
    const at = 'at Sat Feb 14 09:33:17 2026 elapsed 0 00:03:10';
    const named = `Job "HARBOR"."${nameAt(7)}"`;
    assert.equal(
      await lastLine({ errorCount: 63 }, 'completed'),
      `${named} completed with 63 error(s) ${at}`,
    );
    assert.equal(await lastLine({ state: 'stopped' }, 'stopped'), `${named} stopped by user request ${at}`);
    const error = { code: 'object-exists', message: 'Table hr.emp\nexists.', hint: 'Drop it.' } as const;
    assert.equal(
      await lastLine({ state: 'failed', error }, 'failed'),
      `${named} stopped due to fatal error ${at}: ORA-31684: Table hr.emp exists. Drop it.`,
    );
  });

  it('the log goes on after a resume, and keeps the earlier end', async () => {
    const text = await readLog(done, [
      entry(1, 'state', { state: 'stopped' }),
      entry(2, 'state', { state: 'queued' }),
      ...exported.slice(3),
    ]);
    assert.deepEqual(text.split('\n').slice(0, 3), [
      `Starting "HARBOR"."${nameAt(7)}":`,
      `Job "HARBOR"."${nameAt(7)}" stopped by user request at Sat Feb 14 09:30:17 2026 elapsed 0 00:00:10`,
      `Restarting "HARBOR"."${nameAt(7)}":`,
    ]);
    assert.match(text, /successfully completed at .*\n$/);
  });

  it('errors carry the numbers that people look for', async () => {
    const text = await readLog(done, [
      entry(1, 'error', { code: 'rows-differ', schema: 'hr', name: 'emp' }),
      entry(2, 'error', { code: 'database-statement', type: 'INDEX', object: 'hr.emp_ix' }),
      entry(3, 'error', { code: 'dump-damaged' }),
    ]);
    assert.deepEqual(text.split('\n').slice(1, 6), [
      'ORA-31693: Table data object "hr"."emp" failed to load/unload and is being skipped due to error:',
      'error happened.',
      'ORA-39083: Object type INDEX:"hr.emp_ix" failed to create with error:',
      'error happened.',
      'error happened.',
    ]);
  });

  it('import logs speak of imports', async () => {
    const imported = { ...done, kind: 'import', name: 'DATAPUMP_REST_IMPORT_20260214093007' } as const;
    const text = await readLog(imported, [
      entry(1, 'plan', { tables: 1, units: 1, bytes: 5 }),
      entry(2, 'table', { schema: 'hr', name: 'emp', bytes: 0, rows: 0, operation: 'imported' }),
    ]);
    assert.match(text, /^Master table "HARBOR"."DATAPUMP_REST_IMPORT_20260214093007" successfully loaded/m);
    assert.match(text, /^\. \. imported "hr"\."emp" +0 KB +0 rows$/m);
  });

  it('dump files come as bytes', async () => {
    const made = api({
      findJob: async () => done,
      openJobFile: async (_context, id, name) => {
        assert.deepEqual([id, name], [done.id, 'TIDE01.DMP']);
        return {
          bytes: 5,
          stream: (async function* () {
            yield new Uint8Array(5);
          })(),
        };
      },
    });
    const { status, headers } = await call(made, 'getDataPumpJobFile', {
      params: { job: `HARBOR,${done.name}`, file: 'TIDE01.DMP' },
    });
    assert.equal(status, 200);
    assert.deepEqual(headers, { 'Content-Type': 'application/vnd.tcpdump.pcap', 'Content-Length': '5' });
  });
});

describe('the tables of a database', () => {
  const table = (schema: string, name: string, rows: number) => ({
    schema,
    name,
    tablespace: name === 'BOB' ? null : 'pg_default',
    columns: [{ name: 'id', type: 'integer' }],
    estimate: { rows, bytes: 8192 },
    details: null,
  });
  const made = api({
    inspectDatabase: async () => ({
      schemas: ['scott', 'Mixed', 'mixed'],
      tablespaces: ['pg_default'],
      tables: [
        table('scott', 'emp', 14),
        table('Mixed', 'a', 1),
        table('mixed', 'b', -1),
        table('scott', 'BOB', 3),
      ],
    }),
  });
  const list = async (filter: unknown) => {
    const query = filter === undefined ? {} : { q: JSON.stringify(filter) };
    const { body } = await call(made, 'listTables', { query });
    return (body as Page<{ owner: string; table_name: string }>).items.map(
      (t) => `${t.owner}.${t.table_name}`,
    );
  };

  const cases: readonly [unknown, readonly string[]][] = [
    [undefined, ['Mixed.a', 'mixed.b', 'scott.BOB', 'scott.emp']],
    // Capitals mean the name that there is, unless two differ in case alone.
    [{ owner: 'SCOTT' }, ['scott.BOB', 'scott.emp']],
    [{ owner: 'SCOTT', table_name: 'EMP' }, ['scott.emp']],
    [{ owner: 'MIXED' }, []],
    [{ owner: 'Mixed' }, ['Mixed.a']],
    [{ $or: [{ table_name: ['EMP', 'bob'] }] }, ['scott.BOB', 'scott.emp']],
    [{ table_name: { $like: 'EM%' } }, []],
    [{ tablespace_name: { $null: null } }, ['scott.BOB']],
    [{ num_rows: { $gte: 3 }, $orderby: { num_rows: 'desc' } }, ['scott.emp', 'scott.BOB']],
  ];
  for (const [filter, expected] of cases) {
    it(JSON.stringify(filter) ?? 'all', async () => assert.deepEqual(await list(filter), expected));
  }
  it('has no column of jobs', () => assert.rejects(list({ job_name: 'X' }), code('filter-invalid')));
});
