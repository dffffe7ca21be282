import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/compile';
import type { ImportRequest, JobRequest, LocationRequest } from '../../core/request.ts';
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
    keyPrefixes: [{ source: '', target: 'old:' }],
  },
  tableExistsAction: 'replace',
  globals: true,
} as const;
const atUrl = {
  location: { type: 'url', url: 's3://bucket/prefix', credential: 'minio' },
  filePattern: 'A%U.DMP',
} as const;
const place = { location: { type: 'directory', directory: 'DUMPS' }, filePattern: 'A%U.DMP' } as const;

const requests: readonly JobRequest[] = [
  {
    kind: 'export',
    database: 'shop',
    ...read,
    ...place,
    encoding: 'binary',
    compression: 'none',
    encryptionKey: 'backup-key',
    fileSize: 5 * 1024 ** 3,
    estimate: true,
    threads: 2,
  },
  {
    kind: 'import',
    database: 'shop',
    selection,
    ...chosen,
    ...written,
    ...atUrl,
    ownFiles: null,
    erase: true,
    encryptionKey: 'backup-key',
    dryRun: true,
    threads: 2,
  },
  {
    kind: 'import',
    database: 'shop',
    selection,
    ...chosen,
    ...written,
    location: place.location,
    filePattern: null,
    ownFiles: [
      { location: place.location, file: 'dump.rdb' },
      { location: atUrl.location, file: 'other.rdb.gz' },
    ],
    erase: false,
    encryptionKey: null,
    dryRun: true,
    threads: 2,
  },
  { kind: 'copy', database: 'shop', target: 'copy', ...read, ...written, threads: 2 },
  { kind: 'verify', database: '', ...atUrl, threads: 2 },
  { kind: 'dump_copy', database: '', ...place, to: atUrl.location, threads: 2 },
  { kind: 'dump_copy', database: '', ...atUrl, to: place.location, threads: 2 },
  { kind: 'dump_delete', database: '', ...atUrl, threads: 1 },
];

/** The members that are left out where the other way of naming a place is taken. */
const otherWay = (prefix: string, { type }: LocationRequest): readonly string[] =>
  (type === 'url' ? ['directory'] : ['location', 'credential']).map((name) => prefix + name);

/** Where a dump set is, or the files that are imported instead of one. */
const otherSource = ({ ownFiles }: ImportRequest): readonly string[] =>
  ownFiles === null
    ? ['own_files']
    : ['directory', 'location', 'credential', 'file_pattern', 'encryption_key', 'erase'];

for (const [index, request] of requests.entries()) {
  test(`what a job ${request.kind} (${index}) was asked for can be asked for again`, () => {
    const { kind, database, threads } = request;
    const branch = NewJob.anyOf.find(({ properties }) => properties.kind.const === kind);
    const known = Object.keys(branch?.properties ?? {});
    // A job shows every member of every kind; what is not of its kind is null, empty or false.
    const members = Object.entries(askedView(request)).filter(
      ([, value]) => value !== null && value !== false && !(Array.isArray(value) && value.length === 0),
    );
    const own = Object.entries({ kind, database, threads }).filter(([name]) => known.includes(name));
    const body = Object.fromEntries([...own, ...members]);
    assert.ok(Compile(NewJob).Check(body), JSON.stringify(body));
    const elsewhere = [
      // A mail is about the end of the job, and no part of what it does; its priority is when.
      ...['kind', 'database', 'threads', 'priority', 'tablespace_expressions', 'mail'],
      ...('location' in request ? otherWay('', request.location) : []),
      ...('to' in request ? otherWay('to_', request.to) : []),
      ...(request.kind === 'import' ? otherSource(request) : []),
    ];
    assert.deepEqual(
      members.map(([name]) => name).sort(),
      known.filter((name) => !elsewhere.includes(name)).sort(),
    );
  });
}
