import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import type { CopyRequest, ExportRequest, ImportRequest } from '../../core/request.ts';
import { askedView } from './asked-view.ts';
import { NewJob } from './new-job.ts';

const selection = {
  mode: 'schema',
  nameExpressions: ["LIKE 'A%'"],
  schemaExpressions: ["= 'hr'"],
  tablespaceExpressions: [],
} as const;
const chosen = {
  content: 'data_only',
  include: [{ type: 'TABLE', nameExpression: null }],
  exclude: [{ type: 'INDEX', nameExpression: "LIKE 'TMP%'" }],
} as const;
const read = {
  ...chosen,
  selection,
  consistency: 'table',
  queries: [{ table: 'hr.emp', where: 'a > 1' }],
  samples: [
    { table: null, percent: 10 },
    { table: 'hr.log', percent: 0.5 },
  ],
  excludeColumns: [{ table: 'hr.emp', columns: ['notes'] }],
  masks: [
    { table: 'hr.emp', column: 'a', mask: { method: 'hash' } },
    { table: 'hr.emp', column: 'b', mask: { method: 'constant', value: 'x' } },
    { table: 'hr.emp', column: 'c', mask: { method: 'partial', keepFirst: 1, keepLast: 2 } },
    { table: 'hr.emp', column: 'd', mask: { method: 'null' } },
  ],
} as const;
const written = {
  remaps: {
    schemas: [{ source: 'hr', target: 'hr_test' }],
    tables: [{ table: 'hr.emp', target: 'emp_old' }],
    tablespaces: [{ source: 'slow', target: 'fast' }],
    owners: [{ source: 'ann', target: 'bob' }],
  },
  tableExistsAction: 'replace',
  globals: true,
} as const;
const place = { location: { type: 'directory', directory: 'DUMPS' }, filePattern: 'A%U.DMP' } as const;

const requests: readonly (ExportRequest | ImportRequest | CopyRequest)[] = [
  {
    kind: 'export',
    database: 'shop',
    ...read,
    ...place,
    encoding: 'binary',
    compression: 'none',
    estimate: true,
    threads: 2,
  },
  { kind: 'import', database: 'shop', selection, ...chosen, ...written, ...place, dryRun: true, threads: 2 },
  { kind: 'copy', database: 'shop', target: 'copy', ...read, ...written, threads: 2 },
];

for (const request of requests) {
  test(`what an ${request.kind} was asked for can be asked for again`, () => {
    const { kind, database, threads } = request;
    // A job shows every member of every kind; what is not of its kind is null, empty or false.
    const members = Object.entries(askedView(request)).filter(
      ([, value]) => value !== null && value !== false && !(Array.isArray(value) && value.length === 0),
    );
    const body = { kind, database, threads, ...Object.fromEntries(members) };
    assert.ok(Compile(NewJob).Check(body), JSON.stringify(body));
    const branch = NewJob.anyOf.find(({ properties }) => properties.kind.const === kind);
    const known = Object.keys(branch?.properties ?? {});
    const elsewhere = ['kind', 'database', 'threads', 'location', 'tablespace_expressions'];
    assert.deepEqual(
      members.map(([name]) => name).sort(),
      known.filter((name) => !elsewhere.includes(name)).sort(),
    );
  });
}
