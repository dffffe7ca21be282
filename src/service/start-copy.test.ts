import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { StartCopy } from './start-input.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
  for (const name of ['north', 'south'])
    await fixture.service.addDatabase(administrator(), { name, url: `postgres://ann@127.0.0.1:1/${name}` });
});
after(() => fixture[Symbol.asyncDispose]());

const native = { api: 'native' };
const administrator = () => fixture.as(localAdministrator);
const developer = (...databases: readonly string[]) => fixture.as(callerOf('dan', 'developer', databases));
const copy = { database: 'north', target: 'south' };

test('a copy takes its defaults', async () => {
  const { job } = await fixture.service.startCopy(administrator(), copy, native);
  assert.match(job.name, /^COPY_\d{14}$/);
  assert.deepEqual([job.kind, job.state, job.database], ['copy', 'queued', 'north']);
  assert.deepEqual(job.request, {
    kind: 'copy',
    database: 'north',
    target: 'south',
    selection: { mode: 'schema', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] },
    content: 'all',
    consistency: 'snapshot',
    include: [],
    exclude: [],
    queries: [],
    samples: [],
    excludeColumns: [],
    masks: [],
    remaps: { schemas: [], tables: [], tablespaces: [], owners: [], keyPrefixes: [] },
    tableExistsAction: null,
    globals: false,
    threads: 1,
  });
  assert.equal(fixture.told.at(-1), 'notify');
});

test('a copy needs to read the source and to write the target; both are in the audit trail', async () => {
  const cases: readonly (readonly [readonly string[], RegExp | null])[] = [
    [[], /no grant on database north/],
    [['north'], /no grant on database south/],
    [['south'], /no grant on database north/],
    [['north', 'south'], null],
  ];
  for (const [databases, says] of cases) {
    const start = fixture.service.startCopy(developer(...databases), copy, native);
    if (says === null) await start;
    else await assert.rejects(start, { code: 'forbidden', message: says });
    const [last] = await fixture.registry.listAudit(1);
    assert.deepEqual(
      [last?.action, last?.subject, last?.outcome],
      ['copy:start', 'north to south', says === null ? 'allowed' : 'refused'],
    );
  }
  const viewer = fixture.as(callerOf('vera', 'viewer'));
  await assert.rejects(fixture.service.startCopy(viewer, copy, native), { code: 'forbidden' });
});

test('who may not write the target any more cannot go on with a copy', async () => {
  const { job } = await fixture.service.startCopy(developer('north', 'south'), copy, native);
  await assert.rejects(fixture.service.stopJob(developer('north'), job.id), { code: 'forbidden' });
  await fixture.service.stopJob(developer('north', 'south'), job.id);
  await assert.rejects(fixture.service.resumeJob(developer('north'), job.id), { code: 'forbidden' });
  await fixture.service.resumeJob(developer('north', 'south'), job.id);
});

test('both databases of a copy stay until it is finished', async () => {
  const { job } = await fixture.service.startCopy(administrator(), copy, native);
  for (const name of ['north', 'south']) {
    await assert.rejects(fixture.service.removeDatabase(administrator(), name), { code: 'database-in-use' });
  }
  // A directory of some name is none of its business.
  await fixture.service.addDirectory(administrator(), { name: 'spare', path: fixture.folder });
  await fixture.service.removeDirectory(administrator(), 'spare');
  assert.deepEqual(await fixture.service.jobFiles(administrator(), job.id), []);
  await assert.rejects(fixture.service.openJobFile(administrator(), job.id, 'x'), { code: 'file-unknown' });
});

test('the same idempotency key gives the same copy', async () => {
  const options = { api: 'native', idempotencyKey: 'tide' };
  const first = await fixture.service.startCopy(administrator(), copy, options);
  const again = await fixture.service.startCopy(administrator(), { ...copy, globals: false }, options);
  assert.deepEqual([again.created, again.job.id], [false, first.job.id]);
  await assert.rejects(fixture.service.startCopy(administrator(), { ...copy, globals: true }, options), {
    code: 'idempotency-mismatch',
  });
});

const wrong: readonly (readonly [input: object, code: string, field: string])[] = [
  [{ target: undefined }, 'field-invalid', 'target'],
  [{ target: 7 }, 'field-invalid', 'target'],
  [{ target: 'nowhere' }, 'database-unknown', 'target'],
  [{ database: 'nowhere' }, 'database-unknown', 'database'],
  [{ mode: 'everything' }, 'mode-invalid', 'mode'],
  [{ nameExpressions: ['LIKE'] }, 'expression-invalid', 'name_expressions'],
  [{ queries: [{ table: 'emp' }] }, 'field-invalid', 'query[0].where'],
  [{ queries: [{ table: 'emp', where: 'a =' }] }, 'expression-invalid', 'query[0].where'],
  [{ masks: [{ table: '', column: 'a', method: 'hash' }] }, 'field-invalid', 'mask[0].table'],
  [{ remapOwners: [{}] }, 'field-invalid', 'remap_owner[0].source'],
  [{ tableExistsAction: 'drop' }, 'field-invalid', 'table_exists_action'],
  [{ threads: 0 }, 'field-invalid', 'threads'],
  [{ database: 'orders', mode: 'full' }, 'unsupported', 'database'],
  [{ target: 'orders' }, 'unsupported', 'target'],
  [{ target: 'north' }, 'field-invalid', 'target'],
  [{ tableExistsAction: 'append' }, 'unsupported', 'table_exists_action'],
];
for (const [input, code, field] of wrong) {
  test(`a copy is refused: ${JSON.stringify(input)}`, async () => {
    const start = fixture.service.startCopy(administrator(), { ...copy, ...input } as StartCopy, native);
    await assert.rejects(start, (error: AppError) => {
      assert.deepEqual([error.code, error.field], [code, field], error.message);
      return true;
    });
  });
}
