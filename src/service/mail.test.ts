import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Caller } from '../core/permission.ts';
import { createService } from './create-service.ts';
import type { MailOptions } from './mail.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const ann = callerOf('ann@example.net', 'operator');
const bob = callerOf('bob', 'operator');
const crew = ['crew@example.net', 'watch@example.net'];

const serviceWith = (mail: MailOptions) =>
  createService({ ...fixture.dependencies, options: { ...fixture.dependencies.options, mail } });

/** Starts an export, lets it fail to begin, and gives whom the store would tell and what its log says of it. */
async function asked(mail: MailOptions, caller: Caller, wants = true) {
  const { store } = fixture;
  const service = serviceWith(mail);
  const context = fixture.as(caller);
  const { job } = await service.startExport(context, { database: 'orders' }, { api: 'native', mail: wants });
  const claimed = await store.claimTask('w');
  assert.equal(claimed?.job.id, job.id);
  await store.failJob(claimed.lease, { code: 'internal', message: 'm', hint: 'h' });
  const due = await store.claimMail(1);
  if (due !== null) await store.settleMail(due, null);
  const said = (await store.readLog(job.id, 0, 100)).filter(({ data }) => data.mail === false);
  fixture.now += 1000;
  return {
    to: due?.to ?? [],
    said: said.map(({ message }) => message),
    view: service.mailOf(context, 'orders'),
  };
}

test('mail goes to the caller whose name is an address, else to smtp-to', async () => {
  const mail = { canSend: true, to: () => crew };
  assert.deepEqual(await asked(mail, ann), {
    to: [ann.name],
    said: [],
    view: { to: [ann.name], reason: null },
  });
  assert.deepEqual(await asked(mail, bob), { to: crew, said: [], view: { to: crew, reason: null } });
});

test('a database can have people of its own who are told', async () => {
  const mail = { canSend: true, to: (database: string) => (database === 'orders' ? crew.slice(0, 1) : crew) };
  const { to, view } = await asked(mail, bob);
  assert.deepEqual([to, view.to], [crew.slice(0, 1), crew.slice(0, 1)]);
});

test('where none can go the job is made all the same, and its log says why', async () => {
  const notSet = 'No mail will tell how the job ends: the option smtp-url is not set.';
  assert.deepEqual(await asked({ canSend: false, to: () => crew }, ann), {
    to: [],
    said: [notSet],
    view: { to: [], reason: notSet },
  });
  const { said } = await asked({ canSend: true, to: () => [] }, bob);
  assert.deepEqual(said, [
    'No mail will tell how the job ends: the user name bob is no e-mail address, and the option smtp-to is not set.',
  ]);
});

test('nobody is told of a job for which it was not asked', async () => {
  const { to, said } = await asked({ canSend: true, to: () => crew }, ann, false);
  assert.deepEqual([to, said], [[], []]);
});

test('a start that wants the database alone is refused beside an unfinished job, and not otherwise', async () => {
  const { store, service } = fixture;
  const start = (onlyJobOfDatabase: boolean) =>
    service.startExport(fixture.as(ann), { database: 'orders' }, { api: 'native', onlyJobOfDatabase });
  const { job } = await start(true);
  await assert.rejects(start(true), { code: 'database-busy', field: 'database' });
  const { job: beside } = await start(false);
  for (const { id } of [job, beside]) await store.requestStop(id);
  const { job: later } = await start(true);
  await store.requestStop(later.id);
});
