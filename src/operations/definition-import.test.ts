// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, newJob } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { fastOutage, fastRetry } from '../../test/harness/jobs-fixture.ts';
import { definitionOf, nodeOf } from '../../test/harness/run-fixture.ts';
import { makeFolder } from '../../test/harness/with-folder.ts';
import { systemClock } from '../base/clock.ts';
import type { NewItem } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import { isResting, type Job } from '../core/job.ts';
import type { DefinitionImportRequest } from '../core/request.ts';
import { createWorker } from '../jobs/worker.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { createDefinitionImportHandler, type DefinitionImportResult } from './definition-import.ts';

/* On a real store and worker; the test gives out the tasks itself. */

const rule = {
  cron: '0 3 * * *',
  timeZone: 'UTC',
  startAt: null,
  endAt: null,
  missed: 'once',
  overlap: 'skip',
} as const;
const definition = (name: string, changes: object = {}): NewItem<'definition'> => ({
  kind: 'definition',
  name,
  content: definitionOf([nodeOf('a')], changes),
  document: { api: 'test', text: `{ "name":"${name}" }` },
});
const script = (name: string, content: string): NewItem<'script'> => ({
  kind: 'script',
  name,
  content: { type: 'sql', content, connection: null, description: '' },
  document: null,
});

interface Fixture extends AsyncDisposable {
  readonly store: Store;
  readonly workspace: string;
  /** Definitions whose schedules were started. */
  readonly scheduled: string[];
  /** What a start of a schedule is refused with. */
  refusal: AppError | null;
  run(request: Partial<DefinitionImportRequest>): Promise<Job>;
  resume(id: string): Promise<Job>;
  /** Runs tasks until the job rests; the outcome of the first of them that `lost` fits never reaches the store. */
  work(id: string, lost?: (kind: string) => boolean): Promise<Job>;
  start(request: Partial<DefinitionImportRequest>): Promise<Job>;
}

async function openFixture(): Promise<Fixture> {
  const folder = await makeFolder();
  const { log } = createMemoryLog();
  const store = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const { id: workspace } = await store.workspaces.addWorkspace('main');
  const handler = createDefinitionImportHandler({
    workspaces: store.workspaces,
    schedules: store.schedules,
    jobs: store.jobs,
    clock: systemClock,
    async startSchedule(_job, room, name) {
      assert.equal(room, workspace);
      if (fixture.refusal !== null) throw fixture.refusal;
      fixture.scheduled.push(name);
    },
    async authoriseOverwrite(job, { name, createdBy }) {
      if (createdBy === job.owner) return;
      throw new AppError('forbidden', { message: `${name} belongs to ${createdBy}.` });
    },
  });
  const worker = createWorker({
    store: store.jobs,
    handlers: [handler],
    clock: systemClock,
    log,
    retry: fastRetry,
    outage: fastOutage,
  });
  const fixture: Fixture = {
    store,
    workspace,
    scheduled: [],
    refusal: null,
    async start(changes) {
      const request: DefinitionImportRequest = {
        kind: 'definition_import',
        database: '',
        workspace,
        source: 's3://bucket/in/jobs.zip',
        items: [],
        sameName: 'skip',
        targetStatus: 'saved',
        params: {},
        threads: 1,
        ...changes,
      };
      return (await store.jobs.createJob(newJob({ request, database: '', threads: 1 }))).job;
    },
    async work(id, lost = () => false) {
      let isLost = false;
      for (;;) {
        const claimed = await store.jobs.claimTask('local');
        if (claimed === null) return get(store.jobs, id);
        if (!isLost && lost(claimed.task.kind)) {
          isLost = true;
          // As a process that dies behind its work and before its word: the work is done, and nobody knows.
          const context = {
            job: claimed.job,
            signal: new AbortController().signal,
            log,
            progress: () => undefined,
            note: async () => undefined,
            tasks: () => store.jobs.tasks(id),
            confirm: async () => undefined,
            shareSnapshot: async () => undefined,
            snapshotTokens: async () => [],
            shared: <T>(_key: string, open: () => Promise<T>) => open(),
          };
          await handler.run(claimed, context);
          await store.jobs.recover('local');
        } else {
          await worker.run(claimed);
        }
        const job = await get(store.jobs, id);
        if (isResting(job.state)) return job;
      }
    },
    run: async (changes) => fixture.work((await fixture.start(changes)).id),
    async resume(id) {
      await store.jobs.requestResume(id);
      return fixture.work(id);
    },
    async [Symbol.asyncDispose]() {
      await worker.close(1000);
      await store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
  return fixture;
}

const outcomes = ({ result }: Job) =>
  (result as DefinitionImportResult).items.map(({ name, outcome }) => `${name} ${outcome}`);

test('things are added, and those that are there are skipped or overwritten', async () => {
  await using fixture = await openFixture();
  const { workspaces } = fixture.store;
  const { workspace } = fixture;
  const items = [definition('nightly'), script('load', 'SELECT 1')];
  const added = await fixture.run({ items });
  assert.equal(added.state, 'completed', added.error?.message);
  assert.deepEqual(outcomes(added), ['nightly added', 'load added']);
  const found = await workspaces.getItem(workspace, 'definition', 'nightly');
  assert.deepEqual([found?.document, found?.version, found?.createdBy], [items[0]?.document, 0, 'scott']);

  const changed = [script('load', 'SELECT 2'), script('more', 'SELECT 3')];
  assert.deepEqual(outcomes(await fixture.run({ items: changed })), ['load skipped', 'more added']);
  assert.equal((await workspaces.getItem(workspace, 'script', 'load'))?.content.content, 'SELECT 1');
  const over = await fixture.run({ items: changed, sameName: 'overwrite' });
  assert.deepEqual(outcomes(over), ['load overwritten', 'more overwritten']);
  assert.equal((await workspaces.getItem(workspace, 'script', 'load'))?.content.content, 'SELECT 2');
});

test('definitions are submitted, and their schedules begin, where that is asked for', async () => {
  await using fixture = await openFixture();
  const { workspaces } = fixture.store;
  const items = [definition('nightly', { schedule: rule }), definition('by hand')];
  await fixture.run({ items, targetStatus: 'submitted' });
  assert.equal((await workspaces.getItem(fixture.workspace, 'definition', 'by hand'))?.version, 1);
  assert.deepEqual(fixture.scheduled, []);
  await fixture.run({ items, targetStatus: 'scheduled', sameName: 'overwrite' });
  assert.equal((await workspaces.getItem(fixture.workspace, 'definition', 'nightly'))?.version, 2);
  assert.deepEqual(fixture.scheduled, ['nightly']);

  fixture.refusal = new AppError('definition-invalid', { message: 'It has a node of another kind.' });
  const job = await fixture.run({ items, targetStatus: 'scheduled', sameName: 'overwrite' });
  assert.deepEqual([job.state, job.errorCount], ['completed', 1]);
  assert.equal(
    (job.result as DefinitionImportResult).items[0]?.message,
    'Its schedule could not be started: It has a node of another kind.',
  );
});

test('one that may not be overwritten keeps all others from being written; a resume decides anew', async () => {
  await using fixture = await openFixture();
  const { store, workspace } = fixture;
  await fixture.run({ items: [definition('nightly'), definition('hourly')] });
  const subject = { type: 'definition', workspace, definition: 'nightly' } as const;
  await store.schedules.putSchedule({
    subject,
    rule,
    params: {},
    owner: 'scott',
    api: 'native',
    nextAt: null,
  });
  const items = [
    definition('hourly', { description: 'new' }),
    definition('nightly'),
    script('load', 'SELECT 1'),
  ];
  const job = await fixture.run({ items, sameName: 'overwrite' });
  assert.equal(job.state, 'failed');
  assert.deepEqual(
    [job.error?.code, job.error?.message],
    ['job-state', 'The definition nightly cannot be overwritten: its schedule is on.'],
  );
  assert.deepEqual(outcomes(job), ['hourly left', 'nightly refused', 'load left']);
  assert.equal((await store.workspaces.getItem(workspace, 'definition', 'hourly'))?.content.description, '');
  assert.equal(await store.workspaces.getItem(workspace, 'script', 'load'), null);

  await store.schedules.removeSchedule(subject);
  const resumed = await fixture.resume(job.id);
  assert.equal(resumed.state, 'completed', resumed.error?.message);
  assert.deepEqual(outcomes(resumed), ['hourly overwritten', 'nightly overwritten', 'load added']);
});

test('what somebody else made after the import began is not overwritten by whoever may not', async () => {
  await using fixture = await openFixture();
  const { store, workspace } = fixture;
  const job = await fixture.start({ items: [script('load', 'DROP TABLE t')], sameName: 'overwrite' });
  await store.workspaces.changeWorkspace(workspace, 'ann', [
    { type: 'add', item: script('load', 'SELECT 1') },
  ]);
  const failed = await fixture.work(job.id);
  assert.equal(failed.error?.code, 'forbidden');
  assert.deepEqual(outcomes(failed), ['load refused']);
  const kept = await store.workspaces.getItem(workspace, 'script', 'load');
  assert.equal(kept?.content.content, 'SELECT 1');
});

test('a definition that runs is left alone too, and an added one never asks', async () => {
  await using fixture = await openFixture();
  const { store, workspace } = fixture;
  await fixture.run({ items: [definition('nightly')] });
  const job = await fixture.start({ items: [definition('nightly')], sameName: 'overwrite' });
  // Made after the import, so that its task is not given out before.
  const { job: run } = await store.jobs.createJob(
    newJob({
      request: {
        kind: 'run',
        database: '',
        workspace,
        definitionName: 'nightly',
        version: 1,
        definition: definitionOf([nodeOf('a')]),
        scripts: {},
        connections: {},
        params: {},
        plannedAt: null,
        threads: 1,
      },
    }),
  );
  const failed = await fixture.work(job.id);
  assert.match(
    failed.error?.message ?? '',
    new RegExp(`nightly cannot be overwritten: the job ${run.name} runs it`),
  );
});

test('parameters of the request replace those of the file', async () => {
  await using fixture = await openFixture();
  const params = [
    { name: 'day', value: 'file' },
    { name: 'zone', value: 'file' },
  ];
  const nodes = [nodeOf('a', { type: 'sql', connection: 'c', script: { name: 'load' } })];
  const items = [
    { ...definition('nightly'), content: definitionOf(nodes, { params }) },
    { ...definition('other'), content: definitionOf([nodeOf('a')], { params }) },
    script('load', "SELECT '${place}' -- ${unused}"),
  ];
  await fixture.run({
    items,
    params: { '': { day: 'all', place: 'all', unused: 'all' }, nightly: { zone: 'own', extra: 'own' } },
  });
  const paramsOf = async (name: string) =>
    Object.fromEntries(
      (
        (await fixture.store.workspaces.getItem(fixture.workspace, 'definition', name))?.content.params ?? []
      ).map((each) => [each.name, each.value]),
    );
  assert.deepEqual(await paramsOf('nightly'), { day: 'all', zone: 'own', extra: 'own', place: 'all' });
  assert.deepEqual(await paramsOf('other'), { day: 'all', zone: 'file' });
});

test('a process that dies behind the transaction neither writes nor submits again', async () => {
  await using fixture = await openFixture();
  const { workspaces } = fixture.store;
  await fixture.run({ items: [definition('nightly')], targetStatus: 'submitted' });
  const items = [definition('nightly', { description: 'new' }), definition('more')];
  const { id } = await fixture.start({ items, sameName: 'overwrite', targetStatus: 'submitted' });
  const job = await fixture.work(id, (kind) => kind === 'apply');
  assert.equal(job.state, 'completed', job.error?.message);
  assert.deepEqual(outcomes(job), ['nightly overwritten', 'more added']);
  assert.equal((await workspaces.getItem(fixture.workspace, 'definition', 'nightly'))?.version, 2);
  assert.equal((await workspaces.getItem(fixture.workspace, 'definition', 'more'))?.version, 1);
});
