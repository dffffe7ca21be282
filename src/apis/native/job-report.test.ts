import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import type { JobReport } from '../../core/job-report.ts';
import { localAdministrator } from '../../core/permission.ts';
import type { Service } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';
import { jobReportRoute } from './job-report.ts';

/** The answer of the route over a service with that report. */
async function answer(report: JobReport | null): Promise<unknown> {
  const route = jobReportRoute({ jobReport: async () => report } as Partial<Service> as Service);
  const { body } = await route.handle({
    caller: localAdministrator,
    params: { id: 'j1' },
  } as unknown as ApiRequest);
  const schema = route.responses[200]?.schema;
  assert.ok(schema != null && Compile(schema).Check(body), JSON.stringify(body));
  return body;
}

test('an estimate is told in whole rows and bytes', async () => {
  const table = { schema: 'hr', name: 'emp', rows: 11.6, bytes: 800.2 };
  assert.deepEqual(await answer({ kind: 'estimate', rows: 11.6, bytes: 800.2, tables: [table] }), {
    kind: 'estimate',
    rows: 12,
    bytes: 800,
    tables: [{ schema: 'hr', name: 'emp', rows: 12, bytes: 800 }],
  });
});

test('a dry run is told object by object, with what would stop the import', async () => {
  const error = { code: 'object-exists', message: 'emp exists.', hint: 'Drop it.' } as const;
  const report = {
    kind: 'dry_run',
    error,
    objects: [
      { type: 'SCHEMA', schema: null, name: 'hr', action: 'skip', reason: 'it exists already' },
      { type: 'TABLE', schema: 'hr', name: 'emp', action: 'refuse', reason: 'it exists already' },
    ],
    tables: [{ schema: 'hr', name: 'emp', action: 'refuse', rows: 3, bytes: 30, reason: '' }],
    leftAlone: ['hr.f'],
    warnings: ['The target has no role app.'],
  } as const satisfies JobReport;
  assert.deepEqual(await answer(report), {
    kind: 'dry_run',
    error: { ...error, field: null },
    objects: report.objects,
    tables: report.tables,
    left_alone: ['hr.f'],
    warnings: ['The target has no role app.'],
  });
});

test('a job without a report says how to get one', async () => {
  await assert.rejects(answer(null), { code: 'report-unknown', kind: 'not_found' });
});
