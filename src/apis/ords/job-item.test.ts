import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameAt, sampleJob } from '../../../test/harness/ords-fixture.ts';
import { etagOf } from '../../base/etag.ts';
import { type Job, jobStates } from '../../core/job.ts';
import { completeRequest } from '../../core/stored-request.ts';
import { isListed, jobExtras, jobFacts, jobItem } from './job-item.ts';
import { defaultDumpName, jobNames, logName } from './job-names.ts';
import { dataPumpState } from './states.ts';

const job = sampleJob(nameAt(7), {
  state: 'queued',
  threads: 2,
  startedAt: null,
  progress: { bytesDone: 0, bytesTotal: 0, rowsDone: 0, rowsTotal: 0, unitsDone: 0, unitsTotal: 0 },
});
const place = { base: 'https://pump.example.net/ords/wharf/harbor/_/db-api/stable' };
const item = (changes: Partial<Job>, files: readonly string[] = []) => {
  const changed = { ...job, ...changes };
  const facts = jobFacts(changed, 'COMPLETED');
  assert.ok(facts !== null);
  return jobItem(
    changed,
    facts,
    files.map((name) => ({ name, bytes: 1 })),
    place,
  );
};

describe('the item of a job', () => {
  it('is as published right after the start, and ours after that', () => {
    const { job_state, links, ...others } = item({});
    assert.deepEqual(Object.keys(item({})).slice(0, 10), [
      'job_name',
      'owner_name',
      'operation',
      'job_mode',
      'state',
      'degree',
      'attached_sessions',
      'datapump_sessions',
      'job_state',
      'links',
    ]);
    assert.equal(job_state, 'EXECUTING');
    const jobs = `${place.base}/database/datapump/jobs/`;
    assert.deepEqual(links, [
      { rel: 'collection', href: jobs },
      { rel: 'describedby', href: `${place.base}/metadata-catalog/` },
      { rel: 'related', href: `${jobs}HARBOR,${job.name}/EXPDAT-2026-02-14-09_30_07.LOG` },
      { rel: 'self', href: `${jobs}HARBOR,${job.name}/` },
    ]);
    assert.deepEqual(others, {
      job_name: job.name,
      owner_name: 'HARBOR',
      operation: 'EXPORT',
      job_mode: 'SCHEMA',
      state: 'EXECUTING',
      degree: 2,
      attached_sessions: 0,
      datapump_sessions: 3,
      percent_done: 0,
      bytes_done: 0,
      bytes_total: 0,
      rows_done: 0,
      rows_total: 0,
      error_count: 0,
      restart_count: 0,
      created_time: '2026-02-14T09:30:07.000Z',
      start_time: null,
      end_time: null,
      failure_code: null,
      failure_message: null,
    });
  });

  it('links the dump files after the log, with % as %25', () => {
    const related = item({}, ['TIDE01.DMP', 'A%B.DMP']).links.filter(({ rel }) => rel === 'related');
    assert.deepEqual(
      related.map(({ href }) => href.split('/').at(-1)),
      ['EXPDAT-2026-02-14-09_30_07.LOG', 'TIDE01.DMP', 'A%25B.DMP'],
    );
  });

  it('has an ETag of 88 characters that changes with it', () => {
    const tag = etagOf(item({}));
    assert.match(tag, /^"[A-Za-z0-9+/]{86}=="$/);
    assert.equal(etagOf(item({})), tag);
    assert.notEqual(etagOf(item({ state: 'completed' })), tag);
  });

  it('shows sessions only while there is something to do', () => {
    for (const state of jobStates) {
      const facts = jobFacts({ ...job, state }, 'COMPLETED');
      const resting = ['completed', 'failed', 'stopped'].includes(state);
      if (facts !== null) assert.equal(facts.datapump_sessions, resting ? 0 : 3, state);
    }
  });

  it('reaches 100 percent only when complete', () => {
    const progress = { ...job.progress, bytesDone: 1000, bytesTotal: 1000 };
    assert.equal(jobExtras({ ...job, state: 'executing', progress }).percent_done, 99.9);
    assert.equal(jobExtras({ ...job, state: 'completed', progress }).percent_done, 100);
    assert.equal(
      jobExtras({ ...job, state: 'failed', progress: { ...progress, bytesDone: 333 } }).percent_done,
      33.3,
    );
  });

  it('gives the reason of a failure', () => {
    const error = { code: 'file-exists', message: 'TIDE01.DMP exists.', hint: 'Remove it.' } as const;
    const failed = item({ state: 'failed', error });
    assert.equal(failed.state, 'STOPPED');
    assert.equal(failed.failure_code, 'file-exists');
    assert.equal(failed.failure_message, 'TIDE01.DMP exists.');
  });

  it('shows the mode as asked for', () => {
    assert.equal(item({ apiData: { jobMode: 'TABLE', keepMaster: 1 } }).job_mode, 'TABLE');
    const request = completeRequest({ ...job.request, kind: 'import', selection: null });
    assert.equal(item({ kind: 'import', request }).job_mode, 'SCHEMA');
  });

  it('leaves lists when it succeeded without a control table', () => {
    const dropped = { ...job, apiData: { jobMode: null, keepMaster: 0 } };
    assert.equal(isListed({ ...dropped, state: 'completed' }), false);
    assert.equal(isListed({ ...dropped, state: 'failed' }), true);
    assert.equal(isListed({ ...dropped, state: 'executing' }), true);
    assert.equal(isListed({ ...job, state: 'completed' }), true);
  });
});

describe('states', () => {
  const rows: readonly [string, string | null, string | null][] = [
    ['queued', 'EXECUTING', 'EXECUTING'],
    ['planning', 'EXECUTING', 'EXECUTING'],
    ['executing', 'EXECUTING', 'EXECUTING'],
    ['completing', 'COMPLETING', 'COMPLETING'],
    ['completed', 'COMPLETED', 'NOT RUNNING'],
    ['failed', 'STOPPED', 'NOT RUNNING'],
    ['stopping', 'STOPPING', 'STOPPING'],
    ['stopped', 'STOPPED', 'NOT RUNNING'],
    ['cancelling', 'STOPPING', 'STOPPING'],
    ['cancelled', null, null],
  ];
  it('have a word each', () => {
    assert.deepEqual(
      jobStates.map((state) => [
        state,
        dataPumpState(state, 'COMPLETED'),
        dataPumpState(state, 'NOT RUNNING'),
      ]),
      rows,
    );
  });
});

describe('names', () => {
  const at = Date.UTC(2026, 1, 14, 23, 59, 59, 999);
  it('carry the second, and the next free one on a clash', () => {
    const names = jobNames('IMPORT', at);
    assert.equal(names(0), 'DATAPUMP_REST_IMPORT_20260214235959');
    assert.equal(names(1), 'DATAPUMP_REST_IMPORT_20260215000000');
  });
  it('give the files the same second', () => {
    const name = jobNames('EXPORT', at)(0);
    assert.equal(logName('export', name), 'EXPDAT-2026-02-14-23_59_59.LOG');
    assert.equal(logName('import', name), 'IMPDAT-2026-02-14-23_59_59.LOG');
    assert.equal(defaultDumpName(name), 'EXPDAT%U-2026-02-14-23_59_59.DMP');
  });
});
