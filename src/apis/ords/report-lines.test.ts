import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportLines } from './report-lines.ts';

test('an estimate is printed as Data Pump prints it', () => {
  const report = {
    kind: 'estimate',
    rows: 12,
    bytes: 9344,
    tables: [{ schema: 'HARBOR', name: 'BERTHS', rows: 12, bytes: 9344 }],
  } as const;
  assert.deepEqual(reportLines(report), [
    '.  estimated "HARBOR"."BERTHS"                            9.125 KB',
    'Total estimation using STATISTICS method: 9.125 KB',
  ]);
});

test('a dry run tells what becomes of each object', () => {
  const report = {
    kind: 'dry_run',
    error: null,
    objects: [
      { type: 'SCHEMA', schema: null, name: 'HARBOR', action: 'skip', reason: 'it exists\nalready' },
      { type: 'TABLE', schema: 'HARBOR', name: 'BERTHS', action: 'truncate', reason: '' },
    ],
    tables: [{ schema: 'HARBOR', name: 'BERTHS', action: 'truncate', rows: 3, bytes: 9, reason: '' }],
    leftAlone: [],
    warnings: [],
  } as const;
  assert.deepEqual(reportLines(report), [
    '. . SCHEMA "HARBOR": skip, it exists already',
    '. . TABLE "HARBOR"."BERTHS": truncate',
    '. . TABLE_DATA "HARBOR"."BERTHS" 3 rows: truncate',
  ]);
});
