import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Definition, DefinitionNode, NewItem, SourceDocument } from '../core/definition.ts';
import { localAdministrator } from '../core/permission.ts';
import type { Schedule } from '../core/schedule.ts';
import { runKey } from '../jobs/scheduled-starts.ts';
import { createScheduledRuns } from './scheduled-runs.ts';
import type { Service } from './service.ts';

const admin = localAdministrator;
const dave = callerOf('dave', 'developer', ['orders']);
const vera = callerOf('vera', 'viewer');
let fixture: ServiceFixture;
let service: Service;

before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
  await service.addWorkspace(fixture.as(admin), 'main');
});
after(() => fixture[Symbol.asyncDispose]());

const node = (name: string, action: DefinitionNode['action']): DefinitionNode => ({
  name,
  action,
  after: [],
  conditions: [],
  retries: 0,
  retryDelaySeconds: 0,
  timeoutSeconds: null,
  onFailure: 'fail',
});
const definitionOf = (...nodes: readonly DefinitionNode[]): Definition => ({
  description: '',
  params: [],
  nodes,
  schedule: {
    cron: '0 1 * * *',
    timeZone: 'UTC',
    startAt: null,
    endAt: null,
    missed: 'once',
    overlap: 'skip',
  },
  timeoutSeconds: null,
});
const item = (
  name: string,
  content: Definition,
  document: SourceDocument | null = null,
): NewItem<'definition'> => ({ kind: 'definition', name, content, document });
const exportOf = (database: string, input: object = {}): DefinitionNode =>
  node('save', { type: 'job', job: { kind: 'export', input: { database, ...input } } });

test('the document of another API stays until the content is another', async () => {
  const context = fixture.as(admin);
  const content = definitionOf(exportOf('orders'));
  const document = { api: 'elsewhere', text: '{"odd":  "spacing", "extra": [1]}' };
  await service.addItem(context, null, item('kept', content, document));
  await service.submitDefinition(context, null, 'kept');
  const same = await service.putItem(context, null, 'kept', item('kept', structuredClone(content)));
  assert.deepEqual(same.document, document);
  const options = { api: 'native' };
  const imported = await service.startDefinitionImport(
    context,
    {
      workspace: null,
      source: 'a test',
      items: [item('kept', structuredClone(content)), item('new', content)],
      sameName: 'overwrite',
    },
    options,
  );
  assert.ok(imported.job.request.kind === 'definition_import');
  assert.deepEqual(
    imported.job.request.items.map((each) => each.document),
    [document, null],
  );
  const changed = await service.putItem(
    context,
    null,
    'kept',
    item('kept', { ...content, description: 'x' }),
  );
  assert.equal(changed.document, null);
  assert.deepEqual((await service.getVersion(context, null, 'kept')).document, document);
});

test('what an API hands in is checked, whatever its types say', async () => {
  const context = fixture.as(admin);
  const wrong = (content: unknown, kind = 'definition') =>
    service.addItem(context, null, { kind, name: 'wrong', content, document: null } as NewItem);
  const job = { kind: 'export', input: { database: 'orders', ownSchemaOf: 'ann' } };
  await assert.rejects(wrong({ nodes: [node('a', { type: 'job', job } as never)] }), {
    code: 'field-invalid',
    field: 'nodes[0].action.job',
  });
  await assert.rejects(wrong({ nodes: 7 }), { code: 'field-invalid', field: 'nodes' });
  await assert.rejects(wrong({ ...definitionOf(), nodes: [{ ...exportOf('orders'), after: ['b'] }] }), {
    code: 'definition-invalid',
  });
  await assert.rejects(wrong({ type: 'sql', content: 'x'.repeat(4 * 1024 * 1024 + 1) }, 'script'), {
    field: 'content',
  });
  await assert.rejects(wrong({ database: 'nowhere' }, 'connection'), { code: 'database-unknown' });
});

test('changes and runs are in the audit trail, refused ones too', async () => {
  await assert.rejects(service.addItem(fixture.as(vera), null, item('seen', definitionOf())), {
    code: 'forbidden',
  });
  await assert.rejects(service.addWorkspace(fixture.as(dave), 'mine'), { code: 'forbidden' });
  await service.addItem(fixture.as(dave), null, item('seen', definitionOf(exportOf('orders'))));
  await service.startRun(fixture.as(dave), { workspace: 'main', definition: 'seen' }, { api: 'native' });
  const trail = await fixture.registry.listAudit(4);
  assert.deepEqual(
    trail.map(({ caller, action, subject, outcome }) => [caller, action, subject, outcome]),
    [
      ['dave', 'run:start', 'main/seen', 'allowed'],
      ['dave', 'definition:add', '(default)/seen', 'allowed'],
      ['dave', 'workspace:add', 'mine', 'refused'],
      ['vera', 'definition:add', '(default)/seen', 'refused'],
    ],
  );
});

test('whoever starts a run needs what its nodes need', async () => {
  const context = fixture.as(admin);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
  const url = { type: 'url', url: 'file:///var/${day}', credential: null };
  const needs: readonly (readonly [string, DefinitionNode, RegExp])[] = [
    ['reads', exportOf('empty'), /no grant on database empty/],
    ['place', exportOf('orders', { location: url }), /location:any/],
    ['key', exportOf('orders', { encryptionKey: 'nobodys' }), /no credential "nobodys"/],
    [
      'copies',
      node('c', { type: 'job', job: { kind: 'copy', input: { database: 'orders', target: 'empty' } } }),
      /no grant on database empty/,
    ],
  ];
  for (const [name, each, message] of needs) {
    const content = { ...definitionOf(each), params: [{ name: 'day', value: 'today' }] };
    await service.addItem(context, null, item(name, content));
    const asked = { workspace: null, definition: name };
    await assert.rejects(service.startRun(fixture.as(dave), asked, { api: 'native' }), { message }, name);
  }
});

test('developers change what is their own, and no schedule runs with more rights than who decided what it runs', async () => {
  const context = fixture.as(admin);
  const content = definitionOf(exportOf('orders'));
  await service.addItem(context, null, item('shared', content));
  await service.submitDefinition(context, null, 'shared');
  await service.startSchedule(context, null, 'shared');
  const by = fixture.as(dave);
  const put = { ...content, nodes: [exportOf('empty')] };
  const options = { api: 'native' };
  const items = [item('shared', put)];
  for (const refused of [
    service.putItem(by, null, 'shared', item('shared', put)),
    service.removeItem(by, null, 'definition', 'shared'),
    service.submitDefinition(by, null, 'shared'),
    service.stopSchedule(by, null, 'shared'),
    service.startSchedule(by, null, 'shared'),
    service.startDefinitionImport(
      by,
      { workspace: null, source: 'x', items, sameName: 'overwrite' },
      options,
    ),
  ]) {
    await assert.rejects(refused, { code: 'forbidden', message: /belongs to user local/ });
  }
  await service.startDefinitionImport(by, { workspace: null, source: 'x', items, sameName: 'skip' }, options);

  // A definition of his own, whose schedule somebody else has switched on.
  await service.addItem(by, null, item('own', content));
  await service.submitDefinition(by, null, 'own');
  assert.equal((await service.startSchedule(context, null, 'own')).owner, 'local');
  await service.putItem(by, null, 'own', item('own', put));
  await assert.rejects(service.submitDefinition(by, null, 'own'), { message: /no grant on database empty/ });
  await service.putItem(by, null, 'own', item('own', { ...content, description: 'x' }));
  await service.submitDefinition(by, null, 'own');
  assert.equal((await service.getSchedule(by, null, 'own'))?.owner, 'dave');
  await service.stopSchedule(by, null, 'own');
  await service.stopSchedule(context, null, 'shared');
});

test('a schedule starts runs with the rights that its owner has now, each time once', async () => {
  const context = fixture.as(admin);
  await service.addUser(context, { name: 'olga', role: 'operator', password: 'Starboard4' });
  await service.addItem(context, null, item('timed', definitionOf(exportOf('orders'))));
  await assert.rejects(service.startSchedule(context, null, 'timed'), { code: 'definition-draft' });
  await service.submitDefinition(context, null, 'timed');
  const olga = fixture.as(callerOf('olga', 'operator'));
  const schedule = await service.startSchedule(olga, null, 'timed', { day: 'x' }, 'elsewhere');
  assert.deepEqual([schedule.owner, schedule.api, schedule.params], ['olga', 'elsewhere', { day: 'x' }]);

  const starts = createScheduledRuns(fixture.dependencies, service);
  const run = { schedule, plannedAt: Date.UTC(2026, 10, 22, 1) };
  assert.equal(await starts.isBusy(schedule), false);
  await starts.start(run, runKey(run));
  await starts.start(run, runKey(run));
  // Submitted between two tries of the same time: it has been started all the same.
  await service.putItem(
    context,
    null,
    'timed',
    item('timed', definitionOf(exportOf('orders', { threads: 2 }))),
  );
  await service.submitDefinition(context, null, 'timed');
  await starts.start(run, runKey(run));
  const { jobs } = await service.listRuns(context, { workspace: null, definition: 'timed', limit: 10 });
  assert.equal(jobs.length, 1);
  const [job] = jobs;
  assert.ok(job?.request.kind === 'run');
  assert.deepEqual(
    [job.owner, job.api, job.request.plannedAt, job.request.version, job.request.params],
    [
      'olga',
      'elsewhere',
      run.plannedAt,
      1,
      { 'run.name': job.name, 'run.date': '2026-11-22', 'run.time': '2026-11-22T01:00:00.000Z', day: 'x' },
    ],
  );
  assert.equal(await starts.isBusy(schedule), true);

  await service.removeUser(context, 'olga');
  const next = { schedule, plannedAt: run.plannedAt + 1 };
  await assert.rejects(starts.start(next, runKey(next)), { code: 'forbidden', message: /olga.*gone/ });
});

test('times that were left out are told once', async () => {
  const starts = createScheduledRuns(fixture.dependencies, service);
  const subject = { type: 'backup', database: 'orders' } as const;
  const schedule = { id: 'x', subject } as unknown as Schedule;
  const skip = { reason: 'missed', from: 0, to: 7_200_000, count: 3, error: null } as const;
  await starts.skipped(schedule, skip);
  await starts.skipped(schedule, skip);
  const events = await fixture.dependencies.events.listEvents({ afterSeq: 0, limit: 10 });
  const told = events.filter(({ type }) => type === 'schedule.skipped');
  assert.deepEqual(
    told.map(({ message, database }) => [message, database]),
    [
      [
        'The backup of orders was left out, 3 times from 1970-01-01T00:00:00.000Z to 1970-01-01T02:00:00.000Z: the service was down.',
        'orders',
      ],
    ],
  );
});

test('a script may have the name of what every object has', async () => {
  const context = fixture.as(admin);
  const content = { type: 'sql', content: 'SELECT 1', connection: '__proto__', description: '' };
  const connection = { database: 'orders', description: '' };
  await service.addItem(context, null, {
    kind: 'connection',
    name: '__proto__',
    content: connection,
    document: null,
  });
  await service.addItem(context, null, { kind: 'script', name: '__proto__', content, document: null });
  const { job } = await service.startScript(
    context,
    { workspace: null, script: '__proto__' },
    { api: 'native' },
  );
  const kept = await fixture.store.getJob(job.id);
  assert.ok(kept?.request.kind === 'run');
  assert.deepEqual(Object.entries(kept.request.connections), [['__proto__', 'orders']]);
  assert.deepEqual(Object.entries(kept.request.scripts), [
    ['__proto__', { content: 'SELECT 1', type: 'sql', connection: 'orders' }],
  ]);
});

test('a script runs by itself under a name that no definition can have', async () => {
  const context = fixture.as(admin);
  const options = { api: 'native' };
  await assert.rejects(service.startScript(context, { workspace: null, script: 'none' }, options), {
    code: 'item-unknown',
  });
  const content = { type: 'spark', content: 'SELECT 1', connection: null, description: '' };
  await service.addItem(context, null, { kind: 'script', name: 'alien', content, document: null });
  await assert.rejects(service.startScript(context, { workspace: null, script: 'alien' }, options), {
    code: 'definition-invalid',
    message: /type spark/,
  });
});

test('files of places are written whole, once, and told of; read up to a size', async () => {
  const context = fixture.as(admin);
  const location = { type: 'directory', directory: 'DATA_PUMP_DIR' } as const;
  const bytes = Buffer.from('definitions');
  await service.writePlaceFile(context, { location, file: 'out/a.zip', bytes, about: 'The definition a' });
  assert.deepEqual(await readFile(path.join(fixture.dumps, 'out/a.zip')), bytes);
  const read = { location, file: 'out/a.zip', maxBytes: bytes.length };
  assert.deepEqual(Buffer.from(await service.readPlaceFile(context, read)), bytes);
  await assert.rejects(service.readPlaceFile(context, { ...read, maxBytes: bytes.length - 1 }), {
    code: 'body-too-large',
  });
  await assert.rejects(service.readPlaceFile(context, { ...read, file: 'none.zip' }), {
    code: 'file-missing',
  });
  for (const file of ['../a.zip', '/a.zip', 'a/../../b']) {
    await assert.rejects(service.readPlaceFile(context, { ...read, file }), { code: 'file-name-invalid' });
  }
  const again = { location, file: 'out/a.zip', bytes, about: 'It' };
  await assert.rejects(service.writePlaceFile(context, again), { code: 'file-exists' });
  await assert.rejects(service.writePlaceFile(fixture.as(vera), again), { code: 'forbidden' });
  const outside = { ...again, location: { type: 'url', url: 'file:///tmp', credential: null } as const };
  await assert.rejects(service.writePlaceFile(fixture.as(dave), outside), { code: 'forbidden' });
  const events = await fixture.dependencies.events.listEvents({ afterSeq: 0, limit: 100 });
  const told = events.filter(({ type }) => type === 'definitions.exported');
  assert.equal(told.length, 1);
  assert.match(told[0]?.message ?? '', /^The definition a was written to out\/a\.zip at file:/);
});
