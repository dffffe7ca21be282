import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { ExportRequest } from '../core/request.ts';
import type { StartExport, StartImport, StartVerify } from './start-input.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
  await writeFile(join(fixture.dumps, 'there01.dmp'), '');
  await mkdir(join(fixture.dumps, 'unfinished', 'data'), { recursive: true });
  await writeFile(join(fixture.dumps, 'unfinished', 'data', 'main.t.0001.text.zst'), 'x');
});
after(() => fixture[Symbol.asyncDispose]());

const native = { api: 'native' };
const administrator = () => fixture.as(localAdministrator);

/** Input as it may come from JSON. */
type Raw = Readonly<Record<string, unknown>>;
type BadInput = readonly [what: string, input: unknown, code: string, field: string | undefined];

const expressions = (field: string, key: string): readonly BadInput[] => [
  [`${field} is no list`, { [key]: "= 'A'" }, 'field-invalid', field],
  [`${field} holds a number`, { [key]: ["= 'A'", 7] }, 'field-invalid', `${field}[1]`],
  [`${field} holds an empty text`, { [key]: [''] }, 'field-invalid', `${field}[0]`],
  [`${field} is LIKE`, { [key]: ['LIKE'] }, 'expression-invalid', field],
  [`${field} is an open list`, { [key]: ["IN ('a'"] }, 'expression-invalid', field],
  [`${field} is a statement`, { [key]: ['; drop table t'] }, 'expression-invalid', field],
  [`${field} goes on`, { [key]: ["= 'A' OR 1=1"] }, 'expression-invalid', field],
  [`${field} is a sub-select`, { [key]: ['IN (SELECT 1)'] }, 'expression-invalid', field],
];

const threads: readonly BadInput[] = [
  0,
  -1,
  1.5,
  '4',
  true,
  [],
  {},
  Number.NaN,
  Number.POSITIVE_INFINITY,
].map((value) => [`threads is ${JSON.stringify(value)}`, { threads: value }, 'field-invalid', 'threads']);

const locations: readonly BadInput[] = [
  ['location is a text', { location: 'DATA_PUMP_DIR' }, 'field-invalid', 'location'],
  ['location has an unknown type', { location: { type: 's3' } }, 'field-invalid', 'location.type'],
  ['location has no directory', { location: { type: 'directory' } }, 'field-invalid', 'directory'],
  ['location has a number for url', { location: { type: 'url', url: 7 } }, 'field-invalid', 'location'],
  [
    'the directory is unknown',
    { location: { type: 'directory', directory: 'NONE' } },
    'directory-unknown',
    'directory',
  ],
  ['the location is no URL', { location: { type: 'url', url: 'dumps' } }, 'location-invalid', 'location'],
  [
    'the scheme has no storage',
    { location: { type: 'url', url: 'gopher://x/' } },
    'location-invalid',
    'location',
  ],
  [
    'the location holds a password',
    { location: { type: 'url', url: 'file://u:hunter2@/x' } },
    'location-invalid',
    'location',
  ],
];

const common: readonly BadInput[] = [
  ['the request is a list', [], 'request-malformed', undefined],
  ['the database is missing', { database: undefined }, 'field-invalid', 'database'],
  ['the database is null', { database: null }, 'field-invalid', 'database'],
  ['the database is a number', { database: 7 }, 'field-invalid', 'database'],
  ['the database is empty', { database: '' }, 'field-invalid', 'database'],
  ['the database is unknown', { database: 'nowhere' }, 'database-unknown', 'database'],
  ['the mode is unknown', { mode: 'everything' }, 'mode-invalid', 'mode'],
  ['the mode is a number', { mode: 1 }, 'mode-invalid', 'mode'],
  ...expressions('name_expressions', 'nameExpressions'),
  ...expressions('schema_expressions', 'schemaExpressions'),
  ...threads,
  ...locations,
  ['the file pattern is a number', { filePattern: 7 }, 'file-name-invalid', 'file_pattern'],
  [
    'the file pattern leaves the directory',
    { filePattern: '../x%U.dmp' },
    'file-name-invalid',
    'file_pattern',
  ],
  ['the file pattern is absolute', { filePattern: '/etc/passwd' }, 'file-name-invalid', 'file_pattern'],
];

const badExports: readonly BadInput[] = [
  ...common,
  ['the file pattern is empty', { filePattern: '' }, 'file-name-invalid', 'file_pattern'],
  [
    'the file pattern has an unknown substitution',
    { filePattern: 'a%D.dmp' },
    'file-name-invalid',
    'file_pattern',
  ],
  ['a file of the pattern exists', { filePattern: 'there%U.dmp' }, 'file-exists', 'file_pattern'],
  ['the file exists', { filePattern: 'there01.dmp' }, 'file-exists', 'file_pattern'],
  ['the encoding is unknown', { encoding: 'xml' }, 'unsupported', 'encoding'],
  ['the encoding is a number', { encoding: 7 }, 'field-invalid', 'encoding'],
  ['the compression is unknown', { compression: 'lz4' }, 'field-invalid', 'compression'],
  [
    'the compression is not for packed files',
    { compression: 'gzip', filePattern: 'a%U.dmp' },
    'field-invalid',
    'compression',
  ],
  ['the engine has no files of its own', { filePattern: 'a-%I_of_%N.rdb' }, 'unsupported', 'file_pattern'],
  ['files are numbered and not counted', { filePattern: 'a-%I.rdb' }, 'file-name-invalid', 'file_pattern'],
  ['estimate is a text', { estimate: 'yes' }, 'field-invalid', 'estimate'],
  ['the content is unknown', { content: 'rows' }, 'field-invalid', 'content'],
  [
    'table mode could work in several schemas',
    { mode: 'table', schemaExpressions: ["IN ('A', 'B')"] },
    'mode-invalid',
    'schema_expressions',
  ],
];

const badImports: readonly BadInput[] = [
  ...common,
  ['the dump set is not there', { filePattern: 'none%U.dmp' }, 'file-missing', 'file_pattern'],
  ['the dump set has no manifest', { filePattern: 'unfinished' }, 'dump-incomplete', 'file_pattern'],
  ['the content is unknown', { content: 'rows' }, 'field-invalid', 'content'],
  ['include is a text', { include: 'TABLE' }, 'field-invalid', 'include'],
  ['exclude holds a text', { exclude: ['TABLE'] }, 'field-invalid', 'exclude[0]'],
  ['remap_schemas is no list', { remapSchemas: {} }, 'field-invalid', 'remap_schemas'],
  ['the action is unknown', { tableExistsAction: 'drop' }, 'field-invalid', 'table_exists_action'],
  ['dry_run is a number', { dryRun: 1 }, 'field-invalid', 'dry_run'],
];

function assertRefused(code: string, field: string | undefined) {
  return (error: AppError): true => {
    assert.equal(error.code, code, error.message);
    assert.equal(error.field, field, error.message);
    assert.notEqual(error.hint, '');
    assert.ok(!`${error.message} ${error.hint}`.includes('hunter2'));
    return true;
  };
}

const merged = (input: unknown): unknown =>
  Array.isArray(input) ? input : { database: 'orders', ...(input as Raw) };

for (const [what, input, code, field] of badExports) {
  test(`an export is refused when ${what}`, async () => {
    const start = fixture.service.startExport(administrator(), merged(input) as StartExport, native);
    await assert.rejects(start, assertRefused(code, field));
  });
}

for (const [what, input, code, field] of badImports) {
  test(`an import is refused when ${what}`, async () => {
    const start = fixture.service.startImport(administrator(), merged(input) as StartImport, native);
    await assert.rejects(start, assertRefused(code, field));
  });
}

for (const [what, input, code, field] of [...threads, ...locations]) {
  test(`a verification is refused when ${what}`, async () => {
    const start = fixture.service.startVerify(administrator(), input as StartVerify, native);
    await assert.rejects(start, assertRefused(code, field));
  });
}

test('a refused start makes no job, and no secret of it is in the audit trail', async () => {
  assert.ok(!JSON.stringify(await fixture.registry.listAudit(1000)).includes('hunter2'));
  assert.deepEqual(await fixture.store.listJobs({ limit: 10 }), []);
});

test('an export takes its defaults, and its job is queued and told to the dispatcher', async () => {
  const { job, created } = await fixture.service.startExport(administrator(), { database: 'orders' }, native);
  assert.equal(created, true);
  assert.equal(job.name, 'EXPORT_20261121093007');
  assert.equal(job.state, 'queued');
  assert.equal(job.owner, 'local');
  assert.deepEqual(job.request, {
    kind: 'export',
    database: 'orders',
    selection: { mode: 'schema', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    content: 'all',
    consistency: 'snapshot',
    include: [],
    exclude: [],
    queries: [],
    samples: [],
    excludeColumns: [],
    masks: [],
    filePattern: null,
    encoding: 'text',
    compression: 'zstd',
    encryptionKey: null,
    fileSize: null,
    estimate: false,
    threads: 1,
  });
  assert.equal(fixture.told.at(-1), 'notify');
});

test('threads above the limit are lowered silently', async () => {
  for (const asked of [17, 1e9, 1e300]) {
    const { job } = await fixture.service.startExport(
      administrator(),
      { database: 'orders', threads: asked },
      native,
    );
    assert.equal(job.threads, 16);
    assert.equal(job.request.threads, 16);
  }
});

test('a name that is taken gives the next free second, also to another database and another API', async () => {
  const from = Date.UTC(2030, 0, 1, 0, 0, 58);
  fixture.now = from;
  const names: string[] = [];
  for (const database of ['orders', 'empty']) {
    for (const api of ['native', 'other']) {
      const { job } = await fixture.service.startExport(administrator(), { database }, { api });
      names.push(job.name);
    }
  }
  // All go into a folder of their name below DATA_PUMP_DIR, so that no two may have one name.
  assert.deepEqual(names, [
    'EXPORT_20300101000058',
    'EXPORT_20300101000059',
    'EXPORT_20300101000100',
    'EXPORT_20300101000101',
  ]);
});

test('starts at the same moment find different names', async () => {
  fixture.now = Date.UTC(2031, 0, 1);
  const jobs = await Promise.all(
    Array.from({ length: 10 }, () =>
      fixture.service.startExport(administrator(), { database: 'orders' }, native),
    ),
  );
  assert.equal(new Set(jobs.map(({ job }) => job.name)).size, 10);
});

test("an API's own names and default file pattern follow the name that won", async () => {
  const options = {
    api: 'ords',
    apiData: { keepMaster: 1 },
    jobName: (attempt: number) => `JOB_${attempt}`,
    defaultFilePattern: (name: string) => `EXPDAT%U-${name}.DMP`,
  };
  await writeFile(join(fixture.dumps, 'EXPDAT01-JOB_1.DMP'), '');
  const patterns: unknown[] = [];
  for (const database of ['orders', 'empty', 'orders']) {
    const { job } = await fixture.service.startExport(administrator(), { database }, options);
    patterns.push([job.name, (job.request as ExportRequest).filePattern, job.apiData]);
  }
  // JOB_1 is free, but a file stands in its way.
  assert.deepEqual(patterns, [
    ['JOB_0', 'EXPDAT%U-JOB_0.DMP', { keepMaster: 1 }],
    ['JOB_2', 'EXPDAT%U-JOB_2.DMP', { keepMaster: 1 }],
    ['JOB_3', 'EXPDAT%U-JOB_3.DMP', { keepMaster: 1 }],
  ]);
});

test('null as file pattern asks for the folder form, whatever the default of the API', async () => {
  const { job } = await fixture.service.startExport(
    administrator(),
    { database: 'orders', filePattern: null },
    { api: 'folder', defaultFilePattern: () => 'x%U.dmp' },
  );
  assert.equal((job.request as ExportRequest).filePattern, null);
});

test('a second export to the files of an unfinished one is refused by naming it', async () => {
  const input = { database: 'orders', filePattern: 'twice%U.dmp' };
  const { job } = await fixture.service.startExport(administrator(), input, native);
  const again = fixture.service.startExport(
    administrator(),
    { ...input, filePattern: 'twice%u.dmp' },
    native,
  );
  await assert.rejects(again, (error: AppError) => {
    assert.equal(error.code, 'file-exists');
    assert.match(error.message, new RegExp(job.name));
    return true;
  });
});

test('a stopped export keeps its files until it is cancelled, once it has planned them', async () => {
  await using own = await openServiceFixture();
  const { service, store } = own;
  const context = () => own.as(localAdministrator);
  const input = { database: 'orders', filePattern: 'kept%U.dmp' };
  const start = () => service.startExport(context(), input, native);

  // Stopped before it planned anything: the files are free.
  const { job: early } = await start();
  await service.stopJob(context(), early.id);
  const { job } = await start();
  const claimed = await store.claimTask('w');
  assert.ok(claimed?.lease.jobId === job.id);
  await store.completeTask(claimed.lease, {
    result: null,
    spawn: [
      { kind: 'data', group: 'g', waitsFor: [], key: 'a', payload: null, bytes: 1, rows: 1, counted: true },
    ],
    plan: { layout: { form: 'pattern' }, files: ['kept01.dmp'] },
  });
  await service.stopJob(context(), job.id);
  assert.equal((await service.getJob(context(), job.id)).state, 'stopped');
  await assert.rejects(start(), (error: AppError) => {
    assert.equal(error.code, 'file-exists');
    assert.ok(error.message.includes(`${job.name} of database orders is stopped`), error.message);
    return true;
  });
});

test('the same idempotency key gives the same job, even when its files stand in the way by now', async () => {
  const input = { database: 'orders', filePattern: 'idempotent.dmp' };
  const options = { api: 'native', idempotencyKey: 'key-1' };
  const first = await fixture.service.startExport(administrator(), input, options);
  await writeFile(join(fixture.dumps, 'idempotent.dmp'), '');
  const told = fixture.told.length;
  const second = await fixture.service.startExport(administrator(), { ...input, threads: 1 }, options);
  assert.equal(second.created, false);
  assert.equal(second.job.id, first.job.id);
  assert.equal(fixture.told.length, told);
  await assert.rejects(fixture.service.startExport(administrator(), { ...input, threads: 2 }, options), {
    code: 'idempotency-mismatch',
  });
  await assert.rejects(
    fixture.service.startExport(administrator(), input, { api: 'native', idempotencyKey: '' }),
    assertRefused('field-invalid', 'idempotency_key'),
  );
});

test('keys of different users do not meet', async () => {
  const options = { api: 'native', idempotencyKey: 'key-2' };
  const jobs = await Promise.all(
    ['ann', 'bob'].map((name) =>
      fixture.service.startExport(fixture.as(callerOf(name, 'operator')), { database: 'orders' }, options),
    ),
  );
  assert.equal(jobs[0]?.created && jobs[1]?.created, true);
});

test('a storage URL as location is for administrators', async () => {
  const url = pathToFileURL(join(fixture.folder, 'elsewhere')).href;
  const location = { type: 'url', url, credential: null } as const;
  const input = { database: 'orders', location };
  await fixture.service.startExport(administrator(), input, native);
  for (const role of ['operator', 'developer'] as const) {
    const caller = fixture.as(callerOf('ann', role, ['*']));
    await assert.rejects(fixture.service.startExport(caller, input, native), { code: 'forbidden' });
    await assert.rejects(fixture.service.startVerify(caller, { location }, native), { code: 'forbidden' });
    await assert.rejects(fixture.service.listDumpSets(caller, location), { code: 'forbidden' });
  }
});

test('who may start what', async () => {
  const start = (caller: ReturnType<typeof callerOf>) =>
    fixture.service.startExport(fixture.as(caller), { database: 'orders' }, native);
  await start(callerOf('op', 'operator'));
  await start(callerOf('dev', 'developer', ['orders']));
  await assert.rejects(start(callerOf('dev', 'developer', ['empty'])), {
    code: 'forbidden',
    message: 'User dev has no grant on database orders.',
  });
  await assert.rejects(start(callerOf('eve', 'viewer')), {
    code: 'forbidden',
    message: 'The role viewer of user eve does not allow export:start.',
  });
  // Without a grant a developer does not learn which databases exist.
  const probing = fixture.service.startExport(
    fixture.as(callerOf('dev', 'developer', ['empty'])),
    { database: 'nowhere' },
    native,
  );
  await assert.rejects(probing, { code: 'forbidden' });
});

test('every start is in the audit trail, refused or not', async () => {
  const eve = fixture.as(callerOf('eve', 'viewer'));
  await assert.rejects(fixture.service.startImport(eve, { database: 'orders' }, native), {
    code: 'forbidden',
  });
  const op = fixture.as(callerOf('op', 'operator'));
  await fixture.service.startExport(op, { database: 'orders' }, native);
  const [second, first] = await fixture.registry.listAudit(2);
  assert.deepEqual(
    [first, second],
    [
      ['eve', 'import:start', 'refused', eve],
      ['op', 'export:start', 'allowed', op],
    ].map(([caller, action, outcome, context]) => ({
      at: fixture.now,
      caller,
      action,
      subject: 'orders',
      outcome,
      requestId: (context as typeof eve).requestId,
    })),
  );
});

test('no job is taken while the service starts or stops', async () => {
  fixture.ready = false;
  await assert.rejects(fixture.service.startExport(administrator(), { database: 'orders' }, native), {
    code: 'shutting-down',
  });
  assert.equal(fixture.service.isReady(), false);
  fixture.ready = true;
});
