import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Job } from '../core/job.ts';
import { type Caller, localAdministrator } from '../core/permission.ts';
import type { JobQuery, Service } from './service.ts';

let fixture: ServiceFixture;
let service: Service;
before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
});
after(() => fixture[Symbol.asyncDispose]());

const ann = callerOf('ann', 'developer', ['orders']);
const bob = callerOf('bob', 'developer', ['*']);
const viewer = callerOf('eve', 'viewer');
const operator = callerOf('op', 'operator');

const start = async (caller: Caller, database = 'orders', api = 'native'): Promise<Job> =>
  (await service.startExport(fixture.as(caller), { database }, { api })).job;

test('a developer sees his own jobs, everybody else all; what is not seen does not exist', async () => {
  const job = await start(ann);
  for (const caller of [ann, viewer, operator, localAdministrator]) {
    assert.equal((await service.getJob(fixture.as(caller), job.id)).id, job.id);
    assert.equal((await service.findJob(fixture.as(caller), 'orders', 'native', job.name)).id, job.id);
  }
  const hidden = { code: 'job-unknown', field: 'job' };
  const who = fixture.as(bob);
  const attempts: readonly (() => Promise<unknown>)[] = [
    () => service.getJob(who, job.id),
    () => service.findJob(who, 'orders', 'native', job.name),
    () => service.stopJob(who, job.id),
    () => service.resumeJob(who, job.id),
    () => service.cancelJob(who, job.id),
    () => service.jobTables(who, job.id),
    () => service.jobLog(who, job.id, 0),
    () => service.jobFiles(who, job.id),
    () => service.openJobFile(who, job.id, 'x'),
    () => service.watchJob(who, job.id, 0)[Symbol.asyncIterator]().next(),
    () => service.getJob(fixture.as(localAdministrator), 'nothing'),
  ];
  for (const attempt of attempts) await assert.rejects(attempt(), hidden);
  // A job stays hidden when its owner loses the grant.
  await assert.rejects(service.getJob(fixture.as({ ...ann, databases: ['empty'] }), job.id), hidden);
});

test('a viewer sees jobs and may not touch them', async () => {
  const job = await start(ann);
  for (const attempt of [service.stopJob, service.resumeJob, service.cancelJob]) {
    await assert.rejects(attempt(fixture.as(viewer), job.id), { code: 'forbidden' });
  }
  assert.equal((await service.getJob(fixture.as(viewer), job.id)).state, 'queued');
});

test('stop, resume and cancel change the job, tell the dispatcher and are in the audit trail', async () => {
  const job = await start(ann);
  fixture.told.length = 0;
  assert.equal((await service.stopJob(fixture.as(ann), job.id)).state, 'stopped');
  assert.equal((await service.resumeJob(fixture.as(operator), job.id)).state, 'queued');
  assert.equal((await service.cancelJob(fixture.as(ann), job.id)).state, 'cancelling');
  assert.deepEqual(fixture.told, [`interrupt ${job.id}`, 'notify', `interrupt ${job.id}`, 'notify']);
  const trail = await fixture.registry.listAudit(3);
  assert.deepEqual(
    trail.map(({ caller, action, subject, outcome }) => [caller, action, subject, outcome]),
    [
      ['ann', 'job:cancel', job.id, 'allowed'],
      ['op', 'job:resume', job.id, 'allowed'],
      ['ann', 'job:stop', job.id, 'allowed'],
    ],
  );
  await assert.rejects(service.resumeJob(fixture.as(ann), job.id), { code: 'job-state' });
});

test('stop, resume and cancel of a job reach those that it started', async () => {
  const { store } = fixture;
  const job = await start(ann);
  const parent = { jobId: job.id, step: 'one' };
  const { job: child } = await store.createJob({
    name: () => `below ${job.name}`,
    owner: 'ann',
    database: 'orders',
    api: 'native',
    apiData: {},
    request: {
      ...job.request,
      location: { type: 'url', url: 's3://b', credential: 'LENT' },
    } as Job['request'],
    threads: 1,
    idempotency: null,
    parent,
  });
  const states = async () => [(await store.getJob(job.id))?.state, (await store.getJob(child.id))?.state];
  fixture.told.length = 0;
  await service.stopJob(fixture.as(ann), job.id);
  assert.deepEqual(await states(), ['stopped', 'stopped']);
  // The credential of the job below must be the one that it was started with, too.
  await assert.rejects(service.resumeJob(fixture.as(ann), job.id), { code: 'credential-unknown' });
  assert.deepEqual(await states(), ['stopped', 'stopped']);
  const lent = { name: 'LENT', owner: 'ann', type: 's3', sealedBody: 'sealed' };
  await fixture.registry.addCredential(lent);
  await service.resumeJob(fixture.as(ann), job.id);
  assert.deepEqual(await states(), ['queued', 'queued']);
  await service.cancelJob(fixture.as(ann), job.id);
  assert.deepEqual(await states(), ['cancelling', 'cancelling']);
  const both = [`interrupt ${job.id}`, `interrupt ${child.id}`];
  assert.deepEqual(fixture.told, [...both, 'notify', ...both, 'notify']);
});

async function pages(caller: Caller, query: JobQuery): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  let cursor: string | undefined;
  do {
    const page = await service.listJobs(fixture.as(caller), {
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(page.jobs.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

test('lists are newest first, in pages, filtered, and hold what the caller may see', async () => {
  const api = 'paged';
  const jobs: Job[] = [];
  for (const [caller, database] of [
    [ann, 'orders'],
    [bob, 'orders'],
    [bob, 'empty'],
    [operator, 'empty'],
    [bob, 'orders'],
  ] as const) {
    jobs.push(await start(caller, database, api));
  }
  const [first, second, third, fourth, fifth] = jobs.map(({ id }) => id);
  assert.deepEqual(await pages(operator, { api, limit: 2 }), [[fifth, fourth], [third, second], [first]]);
  assert.deepEqual(await pages(operator, { api, limit: 5 }), [[fifth, fourth, third, second, first]]);
  assert.deepEqual(await pages(viewer, { api, database: 'empty' }), [[fourth, third]]);
  assert.deepEqual(await pages(ann, { api }), [[first]]);
  assert.deepEqual(await pages(bob, { api, limit: 1 }), [[fifth], [third], [second]]);
  assert.deepEqual(await pages({ ...bob, databases: ['empty'] }, { api }), [[third]]);
  assert.deepEqual(await pages({ ...bob, databases: ['empty'] }, { api, database: 'orders' }), [[]]);
  assert.deepEqual(await pages(callerOf('new', 'developer', []), { api }), [[]]);
  await service.stopJob(fixture.as(operator), second as string);
  assert.deepEqual(await pages(operator, { api, states: ['stopped'] }), [[second]]);
  assert.deepEqual(await pages(operator, { api, kinds: ['import', 'verify'] }), [[]]);
});

test('a list request that makes no sense is refused', async () => {
  const cases: readonly (readonly [query: object, field: string])[] = [
    [{ limit: 0 }, 'limit'],
    [{ limit: 1001 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: '5' }, 'limit'],
    [{ cursor: 'nonsense' }, 'cursor'],
    [{ cursor: '' }, 'cursor'],
    [{ cursor: Buffer.from('seq:-1').toString('base64url') }, 'cursor'],
    [{ states: ['done'] }, 'states'],
    [{ kinds: ['move'] }, 'kinds'],
  ];
  for (const [query, field] of cases) {
    await assert.rejects(service.listJobs(fixture.as(operator), query as JobQuery), {
      code: 'field-invalid',
      field,
    });
  }
});

test('the log is read from any entry on', async () => {
  const job = await start(ann);
  const entry = { level: 'info', event: 'note', data: {} } as const;
  await fixture.store.appendLog(job.id, [
    { ...entry, message: 'one' },
    { ...entry, message: 'two' },
  ]);
  const all = await service.jobLog(fixture.as(ann), job.id, 0);
  assert.deepEqual(
    all.slice(-2).map(({ message }) => message),
    ['one', 'two'],
  );
  const last = all.at(-1)?.seq ?? 0;
  assert.deepEqual(await service.jobLog(fixture.as(ann), job.id, last - 1), all.slice(-1));
  assert.deepEqual(await service.jobLog(fixture.as(ann), job.id, 0, 1), all.slice(0, 1));
  assert.deepEqual(await service.jobLog(fixture.as(ann), job.id, last), []);
  for (const after of [-1, 0.5, Number.NaN, '0']) {
    await assert.rejects(service.jobLog(fixture.as(ann), job.id, after as number), { field: 'after' });
  }
});

test('a job that has written nothing has no files', async () => {
  const job = await start(ann);
  assert.deepEqual(await service.jobFiles(fixture.as(ann), job.id), []);
  assert.deepEqual(await service.jobTables(fixture.as(ann), job.id), []);
  await assert.rejects(service.openJobFile(fixture.as(ann), job.id, 'manifest.json'), {
    code: 'file-unknown',
  });
});
