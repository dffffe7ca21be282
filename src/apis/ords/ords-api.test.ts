import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  call,
  code,
  nameAt,
  ordsApiOver,
  sampleJob,
  secondOfStart,
} from '../../../test/harness/ords-fixture.ts';
import { AppError } from '../../core/errors.ts';
import type { StartExport, StartImport, StartOptions } from '../../service/start-input.ts';
import type { Route } from '../api.ts';
import type { JobItem } from './job-item.ts';
import type { Page } from './paging.ts';

interface Started {
  readonly input: StartExport | StartImport;
  readonly options: StartOptions;
}

const jobs = 'https://pump.example.net/ords/wharf/harbor/_/db-api/stable/database/datapump/jobs/';

describe('the routes', () => {
  const has = (routes: readonly Route[], method: string, path: string): boolean =>
    routes.some((route) => route.method === method && route.path === path);

  it('answer every operation at every form of address', () => {
    const { routes } = ordsApiOver({});
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
    const shown = ordsApiOver({}).routes.filter((route) => route.hidden !== true);
    assert.equal(new Set(shown.map(({ operationId }) => operationId)).size, shown.length);
    assert.ok(shown.every(({ path }) => path.startsWith('/:pool/:alias/_/db-api/stable/')));
  });

  it('need credentials, but for the catalogue and the landing page', () => {
    for (const route of ordsApiOver({}).routes) {
      const isOpen = route.path.includes('metadata-catalog') || route.tags.includes('Landing');
      assert.equal(route.access, isOpen ? 'public' : 'authenticated');
    }
  });
});

describe('a start', () => {
  const started: Started[] = [];
  const taking = ordsApiOver({
    startExport: async (_context, input, options) => {
      started.push({ input, options });
      return { job: sampleJob(options.jobName?.(0) ?? ''), created: true };
    },
    startImport: async (_context, input, options) => {
      started.push({ input, options });
      return { job: sampleJob(options.jobName?.(1) ?? '', { kind: 'import' }), created: true };
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
    const made = ordsApiOver({ startExport: () => Promise.reject(refusal) });
    await assert.rejects(
      call(made, 'startDataPumpExport', { body: {} }),
      (error) =>
        error instanceof AppError &&
        error.code === 'file-exists' &&
        error.message === 'file_name: TIDE01.DMP exists already.',
    );
  });

  it('with the key of a cancelled job is a conflict', async () => {
    const made = ordsApiOver({
      startExport: async () => ({ job: sampleJob(nameAt(7), { state: 'cancelled' }), created: false }),
    });
    await assert.rejects(call(made, 'startDataPumpExport', { body: {} }), code('job-state'));
  });
});

describe('the list of jobs', () => {
  // Newest first, handed out two at a time.
  const all = [
    sampleJob(nameAt(50), { seq: 5 }),
    sampleJob(nameAt(40), { seq: 4, state: 'completed', apiData: { jobMode: null, keepMaster: 0 } }),
    sampleJob(nameAt(30), { seq: 3, state: 'completed', kind: 'import' }),
    sampleJob(nameAt(20), { seq: 2, state: 'cancelled' }),
    sampleJob(nameAt(10), { seq: 1, state: 'failed' }),
  ];
  const listing = ordsApiOver({
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
    const faithful = ordsApiOver(
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
  const found = sampleJob(nameAt(7), { state: 'completed', finishedAt: secondOfStart + 190_000 });
  const showing = ordsApiOver({
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
      call(
        ordsApiOver({ findJob: async () => sampleJob(nameAt(7), { state: 'cancelled' }) }),
        'getDataPumpJob',
        {
          params: { job: `HARBOR,${nameAt(7)}` },
        },
      ),
      code('job-unknown'),
    ));

  it('stays readable when the location of its files does not answer', async () => {
    const made = ordsApiOver({
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
    const made = ordsApiOver({
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
