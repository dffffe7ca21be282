import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newJob } from '../../test/conformance/job-store-fixture.ts';
import type { Job } from '../core/job.ts';
import { jobMail } from './job-mail.ts';

const { request } = newJob();
const job: Job = {
  id: 'J1',
  seq: 1,
  name: 'EXPORT_20261121093007',
  kind: 'export',
  state: 'completed',
  owner: 'ann@example.net',
  database: 'harbor',
  api: 'native',
  apiData: {},
  request,
  plan: null,
  result: null,
  threads: 1,
  priority: 0,
  running: 0,
  progress: {
    bytesDone: 1234567,
    bytesTotal: 1234567,
    rowsDone: 1000,
    rowsTotal: 1000,
    unitsDone: 1,
    unitsTotal: 1,
  },
  errorCount: 0,
  error: null,
  restarts: 0,
  parent: null,
  waitingFor: null,
  createdAt: Date.UTC(2026, 10, 21, 9, 30, 7),
  startedAt: Date.UTC(2026, 10, 21, 9, 30, 8),
  finishedAt: Date.UTC(2026, 10, 21, 9, 31, 0, 500),
  version: 9,
};

test('a job that completed is told in one line, then its facts', () => {
  const mail = jobMail(job, ['ann@example.net']);
  assert.equal(mail.subject, 'Export EXPORT_20261121093007 of database harbor completed');
  assert.equal(mail.id, `J1.${job.finishedAt}`);
  assert.equal(
    mail.text,
    `Export EXPORT_20261121093007 of database harbor completed.

Job:          EXPORT_20261121093007 (J1)
Database:     harbor
Asked for by: ann@example.net
Asked for:    2026-11-21T09:30:07Z
Ended:        2026-11-21T09:31:00Z
Rows:         1,000
Bytes:        1,234,567
Errors:       0

The log of the job says more.
`,
  );
});

test('errors are counted, and a failure says why and what to do', () => {
  assert.match(jobMail({ ...job, errorCount: 1 }, []).subject, /completed with 1 error$/);
  assert.match(jobMail({ ...job, errorCount: 2 }, []).subject, /completed with 2 errors$/);
  const failed = jobMail(
    {
      ...job,
      state: 'failed',
      error: { code: 'storage-failed', message: 'The disk is gone.', hint: 'Get another.' },
    },
    [],
  );
  assert.match(failed.subject, /failed$/);
  assert.match(failed.text, /failed\.\n\nThe disk is gone\.\nGet another\.\n\nJob:/);
});

test('a job without a database names none', () => {
  const { subject, text } = jobMail({ ...job, kind: 'verify', database: '' }, []);
  assert.equal(subject, 'Verification EXPORT_20261121093007 completed');
  assert.doesNotMatch(text, /Database/);
});
